"""The part of the picture that linked panels show, as links say it."""

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
    def reported(cls, said: object) -> "tuple[Part, int] | None":
        """Return the part in a report of the browser, within bounds, and the number of the report; None if it is none.

        Example:
            >>> Part.reported({"zoom": 99, "down": 20.0, "across": -3, "sequence": 4})
            (Part(zoom=16.0, down=20, across=0), 4)
            >>> Part.reported({"zoom": "close"}) is None
            True
        """
        if not isinstance(said, Mapping):
            return None
        zoom, down, across, sequence = (_number(said.get(name)) for name in ("zoom", "down", "across", "sequence"))
        if zoom is None or down is None or across is None or sequence is None:
            return None
        middle = [min(max(round(one), 0), THOUSAND) for one in (down, across)]
        return cls(min(max(round(zoom, 2), 1.0), MOST), *middle), int(sequence)


def _number(value: object) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        return None
    return float(value)
