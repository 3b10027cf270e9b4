"""What uniform attention would give, in closed form: the line that the metrics are read against."""

import math
from collections.abc import Iterable

import numpy as np

from stvit import TokenGrid
from stvit.capturing.attention_record import AttentionRecord


def uniform_entropy(grid: TokenGrid) -> float:
    """Return log N in nats, the largest entropy there is.

    Example:
        >>> uniform_entropy(TokenGrid(14, 14)) == math.log(196)
        True
    """
    return math.log(grid.num_tokens)


def uniform_distance(grid: TokenGrid, token_pixels: float) -> float:
    """Return the mean distance between two tokens drawn at random, in image pixels.

    A pair of tokens is counted by its offset, (H - |a|) (W - |b|) pairs at offset (a, b), so the cost is O(N).

    Example:
        >>> uniform_distance(TokenGrid(1, 2), token_pixels=16)  # half of the pairs are one token apart
        8.0
    """
    down, across = np.arange(grid.height)[:, None], np.arange(grid.width)[None]
    pairs = (grid.height - down) * (grid.width - across) * np.where(down > 0, 2, 1) * np.where(across > 0, 2, 1)
    return float((pairs * np.hypot(down, across)).sum() / grid.num_tokens**2 * token_pixels)


def uniform_values(metric: str, records: Iterable[AttentionRecord]) -> list[float]:
    """Return what uniform attention would have of a metric in each block; nothing for metrics without a closed form.

    Args:
        metric: Name in the ledger.
        records: The blocks, in order of depth.
    """
    if metric == "entropy":
        return [uniform_entropy(record.grid) for record in records]
    if metric == "distance":
        return [uniform_distance(record.grid, record.token_pixels) for record in records]
    return []
