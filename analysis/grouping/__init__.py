"""Groupings of tokens or pixels, and scores that compare them."""
