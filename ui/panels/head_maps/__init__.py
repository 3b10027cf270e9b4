"""Small maps of every head of every block, drawn in JavaScript; a click opens a head."""

from ui.panels.head_maps.show import Pinned, show_head_maps

__all__ = ["Pinned", "show_head_maps"]
