"""Which pictures one run measures, a table for each, and means over them."""
