"""Metrics of attention and features, written once for every attention, and the table of all of them."""
