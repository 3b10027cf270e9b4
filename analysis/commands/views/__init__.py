"""What `export` writes: one file for each view, with its options and the way from them to a report."""
