"""One module for each page; each has `show`, which draws the current view."""
