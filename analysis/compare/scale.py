"""The logarithmic bar of multiples of uniform attention, the same as in the explorer (`ui/explorer/web/scale.js`)."""

import numpy as np
from jaxtyping import Float

DECADES = 4
"""That the bar spans: from 1/100 over 1, uniform attention, to 100."""

FLOOR, CEILING = 10.0 ** (-DECADES / 2), 10.0 ** (DECADES / 2)

TICKS = {FLOOR: "1/100", 0.1: "1/10", 1.0: "uniform", 10.0: "10", CEILING: "100"}
"""Values on the bar and how they are written."""

RATIO_TICKS = {-2.0: "1/100", -1.0: "1/10", 0.0: "same", 1.0: "10", 2.0: "100"}
"""Decades of a ratio and how they are written."""


def in_decades(times: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """Return the decimal logarithm of multiples of uniform attention, cut off at the ends of the bar.

    Example:
        >>> in_decades(np.array([[0.0, 1.0, 1000.0]])).tolist()
        [[-2.0, 0.0, 2.0]]
    """
    return np.log10(np.clip(times, FLOOR, CEILING))
