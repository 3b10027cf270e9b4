"""The explorer: point at a token and see its attention live, multiplied in the browser from the factors."""

from ui.explorer.as_shown import picture_as_shown, words_as_shown
from ui.explorer.component import explorer, segments_for, wants_pin
from ui.explorer.standalone import standalone_html
from ui.explorer.state import ExplorerState

__all__ = [
    "ExplorerState",
    "explorer",
    "picture_as_shown",
    "segments_for",
    "standalone_html",
    "wants_pin",
    "words_as_shown",
]
