"""Clicks on a picture that Plotly draws, reported to the pixel: Plotly itself reports clicks on points alone."""

from ui.panels.picture_clicks.component import OnPixel, take_clicks

__all__ = ["OnPixel", "take_clicks"]
