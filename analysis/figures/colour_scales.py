"""From weights to levels of colour on the explorer's scales, as in the browser (`ui/explorer/web/scale.js`)."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Real

from analysis.compare.scale import CEILING, DECADES, FLOOR
from analysis.figures.numbers import short

MIDDLE = 128 / 255
"""Where the middle of a bar lies, so that uniform attention has a whole level."""

SAME = 1e-3
"""Share of their size by which values that are all the same may differ: rounding."""


@dataclass(frozen=True, eq=False)
class Levels:
    """Values on a bar.

    Attributes:
        of: Where each value lies on the bar, 0 to 1.
        ticks: What is written at its start, its middle and its end.
        quantity: What the values are.
    """

    of: Float[np.ndarray, "rows columns"]
    ticks: tuple[str, str, str]
    quantity: str


def levels_of(
    values: Real[np.ndarray, "rows columns"], scale: str, top: float, quantity: str = "attention weight"
) -> Levels:
    """Return where values lie on a bar.

    Args:
        values: Weights; what is no finite number lies at 0.
        scale: "uniform" counts in multiples of uniform attention, from 1/100 to 100; "linear" runs from 0 to the top,
            "log" over four decades up to it, "rank" says only the order.
        top: The weight at the end of a linear or logarithmic bar, see `top_of`.
        quantity: What the values are, but on the scale "uniform".

    Raises:
        ValueError: If there is no such scale.

    Example:
        >>> levels_of(np.array([[0.0, 0.5, 1.0]]), "linear", 1.0).of.tolist()
        [[0.0, 0.5, 1.0]]
    """
    known = np.where(np.isfinite(values), values, 0.0).astype(np.float64)
    if scale == "uniform":
        times = (known * known.size).clip(FLOOR**2)
        return Levels(
            (MIDDLE + np.log10(times) / DECADES).clip(0, 1),
            _written(FLOOR, 1, CEILING, unit="×"),
            "times uniform attention",
        )
    if scale == "linear":
        return Levels((known / (top or 1.0)).clip(0, 1), _written(0, top / 2, top), quantity)
    if scale == "log":
        least = 10.0**-DECADES
        of = 1 + np.log10((known / (top or 1.0)).clip(least, 1)) / DECADES
        return Levels(of, _written(top * least, top * least**0.5, top), quantity)
    if scale == "rank":
        ordered = np.sort(known, axis=None)
        of = np.searchsorted(ordered, known) / max(1, known.size - 1)
        return Levels(of, _written(ordered[0], ordered[round((known.size - 1) / 2)], ordered[-1]), quantity)
    raise ValueError(f"Scales are uniform, linear, log and rank, got {scale!r}.")


def top_of(values: Real[np.ndarray, "rows columns"]) -> float:
    """Return the weight at the end of a bar: the largest; where all are the same, so much that they have its middle.

    Example:
        >>> top_of(np.array([[1.0, 4.0]])), round(top_of(np.array([[1.0, 1.0]])), 3)
        (4.0, 1.992)
    """
    finite = values[np.isfinite(values)]
    top = max(float(finite.max(initial=0.0)), 0.0)
    same = finite.size > 0 and values.size > 1 and top - float(finite.min()) <= SAME * top
    return top / MIDDLE if same else top


def _written(start: float, middle: float, end: float, unit: str = "") -> tuple[str, str, str]:
    return short(start) + unit, short(middle) + unit, short(end) + unit
