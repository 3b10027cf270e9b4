"""The part of the picture that panels show which zoom together, as links say it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

MOST = 16.0
"""Largest zoom, as in `web/zoom.js`."""

THOUSAND, MIDDLE = 1000, 500


@dataclass(frozen=True)
class Part:
    """A part of the picture.

    Attributes:
        zoom: 1 shows the whole picture.
        down: Middle of the part, in thousandths of the picture's height.
        across: The same in its width.
    """

    zoom: float = 1.0
    down: int = MIDDLE
    across: int = MIDDLE

    @classmethod
    def reported(cls, said: object) -> "Part | None":
        """Return the part in a report of the browser, within bounds; None if it is none.

        Example:
            >>> Part.reported({"zoom": 99, "down": 20.0, "across": -3})
            Part(zoom=16.0, down=20, across=0)
            >>> Part.reported({"zoom": "close"}) is None
            True
        """
        if not isinstance(said, Mapping):
            return None
        zoom, down, across = (_number(said.get(name)) for name in ("zoom", "down", "across"))
        if zoom is None or down is None or across is None:
            return None
        middle = [min(max(round(one), 0), THOUSAND) for one in (down, across)]
        return cls(min(max(round(zoom, 2), 1.0), MOST), *middle)

    def ends(self, middle: int, side: int) -> tuple[float, float]:
        """Return where the part starts and ends along a side of the picture, in pixels.

        Args:
            middle: `down` or `across`.
            side: Length of that side.

        Example:
            >>> Part(2.0, 500, 0).ends(500, 80), Part(2.0, 500, 0).ends(0, 80)
            ((20.0, 60.0), (0.0, 40.0))
        """
        room = side / self.zoom
        start = min(max(middle / THOUSAND * side - room / 2, 0.0), side - room)
        return start, start + room


WHOLE = Part()


def _number(value: object) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        return None
    return float(value)
