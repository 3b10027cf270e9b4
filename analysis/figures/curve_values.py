"""Curves as charts show them, on screen and on paper."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, eq=False)
class Line:
    """One curve.

    Attributes:
        title: Its entry in the legend.
        colour: As #RRGGBB.
        x: Where, as numbers or, on an axis of blocks, as captions.
        y: How much.
        dash: "solid", "dash", "dot" or "dashdot".
    """

    title: str
    colour: str
    x: Sequence[float] | Sequence[str]
    y: Sequence[float]
    dash: str = "solid"


@dataclass(frozen=True, eq=False)
class Band:
    """What lies between two curves.

    Attributes:
        title: Its entry in the legend.
        colour: As #RRGGBB.
        x: Where.
        low: Lower end.
        high: Upper end.
    """

    title: str
    colour: str
    x: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


@dataclass(frozen=True, eq=False)
class CurveChart:
    """Curves over one pair of axes.

    Attributes:
        title: Heading.
        x_title: Of the horizontal axis, with its unit.
        y_title: Of the vertical axis, with its unit.
        lines: The curves.
        band: Behind them, if there is one.
        top: Upper end of the vertical axis; None leaves it to the values.
        joined: Whether points are joined by lines; those of things without an order, such as heads, are not.
    """

    title: str
    x_title: str
    y_title: str
    lines: Sequence[Line]
    band: Band | None = None
    top: float | None = None
    joined: bool = True
