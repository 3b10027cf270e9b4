"""How the explorer shows attention: what its toolbar and the link decide, apart from block, head and anchor."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

SCALES = {"uniform": "× uniform", "linear": "linear", "log": "log", "rank": "rank"}
"""The scales of the explorer's JavaScript, by name, and what people call them."""


@dataclass(frozen=True)
class Look:
    """How attention is shown; the names are those of the settings in the browser.

    Attributes:
        incoming: Whether maps show what attends to the anchor instead of what it attends to.
        scale: Name of the scale.
        shared: Whether the bars of all attention panels end at the same value.
        opacity: Of the heat, from 0 to 1.
        boundaries: Whether super tokens are outlined on the picture.
        outlines: Whether they are outlined on the maps.
    """

    incoming: bool = False
    scale: str = "uniform"
    shared: bool = False
    opacity: float = 0.75
    boundaries: bool = True
    outlines: bool = False

    @classmethod
    def reported(cls, values: object) -> "Look":
        """Return the look in a report of the browser; what is missing or impossible in it is as by default."""
        found, default = (values if isinstance(values, Mapping) else {}), cls()
        scale = found.get("scale")
        return cls(
            found.get("incoming") is True,
            scale if isinstance(scale, str) and scale in SCALES else default.scale,
            found.get("shared") is True,
            _share(found.get("opacity"), default.opacity),
            found.get("boundaries", default.boundaries) is True,
            found.get("outlines") is True,
        )


DEFAULT_LOOK = Look()


def _share(value: object, default: float) -> float:
    """Return a number of at most two decimals from 0 to 1, the default for what is no number."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        return default
    return min(max(round(float(value), 2), 0.0), 1.0)
