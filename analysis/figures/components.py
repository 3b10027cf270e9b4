"""Arrays as small pictures: channels as the three directions in which tokens differ most, weights as heat."""

import numpy as np
from jaxtyping import Float, UInt8
from matplotlib import colormaps

from analysis.figures.style import HEAT_NAME

TAILS = (2, 98)
"""Percentiles of each component that become its darkest and its brightest shade."""

FLAT = 1e-6
"""Share of the largest component's spread below which a component is rounding, and drawn as the middle shade."""


def component_colours(
    tokens: Float[np.ndarray, "channels height width"],
) -> UInt8[np.ndarray, "height width 3"]:
    """Paint tokens in colours: near in colour means near in the space of channels.

    The three leading principal components of the tokens become red, green and blue. Signs are chosen so that the
    entry of largest size of each direction is positive.

    Args:
        tokens: A feature map, shape (channels, height, width).

    Example:
        >>> component_colours(np.ones((5, 2, 2)))[0, 0]
        array([128, 128, 128], dtype=uint8)
    """
    channels, height, width = tokens.shape
    centred = tokens.reshape(channels, -1).T.astype(np.float64)
    centred = centred - centred.mean(0)
    directions = _leading(centred)
    parts = centred @ directions.T
    low, high = np.percentile(parts, TAILS, axis=0)
    spread = high - low
    flat = spread <= FLAT * max(spread.max(), np.finfo(np.float64).tiny)
    shades = np.where(flat, 0.5, (parts - low) / np.where(flat, 1, spread))
    painted = np.full((len(parts), 3), 0.5)
    painted[:, : shades.shape[1]] = shades
    return np.rint(255 * painted.clip(0, 1)).astype(np.uint8).reshape(height, width, 3)


def heat_colours(values: Float[np.ndarray, "height width"]) -> UInt8[np.ndarray, "height width 3"]:
    """Paint values in the colours of the heat maps, 0 the darkest and the largest the brightest.

    A map whose values are all the same has the middle colour.
    """
    top = float(values.max())
    shares = values / top if top > values.min() else np.full_like(values, 0.5)
    return colormaps[HEAT_NAME](shares.clip(0, 1), bytes=True)[..., :3]


def _leading(centred: Float[np.ndarray, "tokens channels"]) -> Float[np.ndarray, "directions channels"]:
    """Return at most three unit vectors of greatest variance, the greatest first."""
    _, vectors = np.linalg.eigh(centred.T @ centred)  # ascending
    leading = vectors[:, ::-1][:, :3].T
    largest = np.abs(leading).argmax(1)
    return leading * np.sign(leading[np.arange(len(leading)), largest])[:, None]
