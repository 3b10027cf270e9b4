"""Groupings of one picture side by side, linked: a place that is hovered in one panel is outlined in all."""
