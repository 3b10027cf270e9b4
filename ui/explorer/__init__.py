"""The explorer: point at a token and see its attention live, multiplied in the browser from the factors."""

from ui.explorer.component import explorer, segments_for
from ui.explorer.standalone import standalone_html
from ui.explorer.state import ExplorerState

__all__ = ["ExplorerState", "explorer", "segments_for", "standalone_html"]
