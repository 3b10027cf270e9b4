"""Maps side by side in which a click moves one spot everywhere, drawn in the browser."""

from ui.panels.spot_maps.component import Picked, SpotPanel, spot_maps

__all__ = ["Picked", "SpotPanel", "spot_maps"]
