"""What uniform attention would give, in closed form: the line that the metrics are read against."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from stvit import TokenGrid


def uniform_entropy(grid: TokenGrid) -> float:
    """Return log N in nats, the largest entropy there is."""
    return math.log(grid.num_tokens)


def uniform_distance(grid: TokenGrid, token_pixels: float) -> float:
    """Return the mean distance between two tokens drawn at random, in image pixels.

    A pair of tokens is counted by its offset, (H - |a|) (W - |b|) pairs at offset (a, b), so the cost is O(N).
    """
    down, across = np.arange(grid.height)[:, None], np.arange(grid.width)[None]
    pairs = (grid.height - down) * (grid.width - across) * np.where(down > 0, 2, 1) * np.where(across > 0, 2, 1)
    return float((pairs * np.hypot(down, across)).sum() / grid.num_tokens**2 * token_pixels)


def uniform_values(metric: str, grids: Sequence[TokenGrid], token_pixels: Callable[[TokenGrid], float]) -> list[float]:
    """Return what uniform attention would have of a metric on each grid; nothing for metrics without a closed form.

    Args:
        metric: Name in the ledger.
        grids: Layouts of blocks, in order of depth.
        token_pixels: Side of a token of a layout, in pixels of the picture.
    """
    if metric == "entropy":
        return [uniform_entropy(grid) for grid in grids]
    if metric == "distance":
        return [uniform_distance(grid, token_pixels(grid)) for grid in grids]
    return []
