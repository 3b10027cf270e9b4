"""Groupings of many pictures held against what people drew."""
