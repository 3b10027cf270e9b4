"""Numbers as figures show them: the ends of colour bars, and ticks in few digits."""

import math
from decimal import ROUND_HALF_UP, Context

import numpy as np

ROUNDING = 1e-5
"""Values that differ by less than this share of their magnitude differ by float32 rounding only."""

DIGITS = 3
"""Significant digits of a number that people read."""

SAME = 0.01
"""Share of the magnitude by which a colour bar reaches to either side of values that are all the same."""


def colour_range(low: float, high: float) -> tuple[float, float]:
    """Return the ends of a colour bar, wide enough that rounding alone has one colour, the middle one.

    Args:
        low: What the lower end is to be, in the unit of the values.
        high: What the upper end is to be.

    Returns:
        (low, high) as they are if they differ by more than rounding, else a range around both; 0 to 1 for only zeros.

    Example:
        >>> colour_range(0, 5), colour_range(0, 0), colour_range(100, 100)
        ((0, 5), (0.0, 1.0), (99.0, 101.0))
    """
    magnitude = max(abs(low), abs(high))
    if magnitude == 0:
        return 0.0, 1.0
    if abs(high - low) >= ROUNDING * magnitude:
        return low, high
    middle = (low + high) / 2
    return middle - SAME * magnitude, middle + SAME * magnitude


def value_range(values: np.ndarray, minimum: float = 0.0, maximum: float | None = None) -> tuple[float, float]:
    """Return the ends of the colour bar of a map, from the finite values alone.

    A map that is the same everywhere gets the middle colour, not the brightest: its bar reaches from 0 to twice the
    value, or to either side of it where the bar does not start at 0.

    Args:
        values: What is drawn.
        minimum: Lower end.
        maximum: Upper end; the largest value if None.

    Example:
        >>> value_range(np.array([1.0, 4.0])), value_range(np.array([3.0, 3.0]))
        ((0.0, 4.0), (0.0, 6.0))
    """
    finite = values[np.isfinite(values)]
    if maximum is not None or finite.size == 0:
        return colour_range(minimum, minimum + 1 if maximum is None else maximum)
    low, high = float(finite.min()), float(finite.max())
    if minimum == 0 and low > 0 and high - low < ROUNDING * high:
        return 0.0, low + high
    return colour_range(minimum, high)


def symmetric_range(values: np.ndarray) -> tuple[float, float]:
    """Return the ends of a colour bar around 0, from the finite values alone.

    Example:
        >>> symmetric_range(np.array([-2.0, 1.0]))
        (-2.0, 2.0)
    """
    finite = np.abs(values[np.isfinite(values)])
    top = float(finite.max()) if finite.size else 0.0
    return (-top, top) if top else (-1.0, 1.0)


def short(value: float) -> str:
    """Return a number with at most three significant digits, as 0.012, 1,300, -3.1 or 3.3e-4.

    Numbers that round to less than 0.001 or to 100,000 and more are in powers of ten. Written like `formatWeight` of
    the explorer in the browser, ties away from zero.

    Example:
        >>> short(0.01234), short(0.00012345), short(1300)
        ('0.0123', '1.23e-4', '1,300')
    """
    written = significant(value)
    number, power, exponent = written.partition("e")
    return (number.rstrip("0").rstrip(".") if "." in number else number) + power + exponent


def significant(value: float, digits: int = DIGITS) -> str:
    """Return a number with its significant digits, zeros too, as numbers stand beside each other in sentences.

    Powers of ten and ties are as in `short`, which leaves zeros at the end out.

    Example:
        >>> significant(0.95), significant(1.0), significant(0.00012), significant(1302)
        ('0.950', '1.00', '1.20e-4', '1,300')
    """
    if value == 0 or not math.isfinite(value):
        return f"{abs(value) if value == 0 else value:.0f}"
    rounded = Context(prec=digits, rounding=ROUND_HALF_UP).create_decimal(value)
    if 0.001 <= abs(float(rounded)) < 1e5:
        return f"{rounded:,.{max(0, digits - 1 - rounded.adjusted())}f}"
    return f"{rounded:.{digits - 1}e}".replace("e+", "e")


def percent(share: float, digits: int = 1) -> str:
    """Return a share in percent, as all of the app writes it.

    Example:
        >>> percent(0.8449), percent(0.5, 0)
        ('84.5 %', '50 %')
    """
    return f"{100 * share:.{digits}f} %"


def with_unit(title: str, unit: str) -> str:
    """Return the title of an axis with its unit, unless the title ends with that word.

    Example:
        >>> with_unit("Distance", "px"), with_unit("Head cosine", "cosine")
        ('Distance (px)', 'Head cosine')
    """
    return title if title.lower().endswith(unit.lower()) else f"{title} ({unit})"
