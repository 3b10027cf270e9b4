"""Groupings of many pictures compared with human segmentations."""
