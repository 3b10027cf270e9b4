"""Attention baselines and row metrics written as plain loops over dense matrices, in float64, for tests only."""

import math

import numpy as np

from stvit import TokenGrid


def softmax_rows(
    query: np.ndarray,
    key: np.ndarray,
    scale: float,
    allowed: np.ndarray | None = None,
    added: np.ndarray | None = None,
) -> np.ndarray:
    """Softmax of scaled products, plus what is added, over the allowed keys of each query, shape (N, N)."""
    result = np.zeros((len(query), len(key)))
    for i, one in enumerate(query):
        keys = [j for j in range(len(key)) if allowed is None or allowed[i, j]]
        weights = [math.exp(scale * float(one @ key[j]) + (0 if added is None else added[i, j])) for j in keys]
        for j, weight in zip(keys, weights, strict=True):
            result[i, j] = weight / sum(weights)
    return result


def same_window(grid: TokenGrid, tall: int, wide: int, shift: tuple[int, int] = (0, 0)) -> np.ndarray:
    """Which pairs of tokens share a window, shape (N, N)."""
    down, across = shift
    places = [((r - down) // tall, (c - across) // wide) for r in range(grid.height) for c in range(grid.width)]
    return np.array([[one == other for other in places] for one in places])


def row_metrics(row: np.ndarray, anchor: int, grid: TokenGrid, tall: float, wide: float, window: int, k: int) -> dict:
    """All metrics of one row from their definitions; rows without mass measure 0."""
    mass = float(row.sum())
    names = ("entropy", "distance", "local_mass", "top_mass", "tokens_for_50", "tokens_for_90", "tokens_for_99")
    if mass == 0:
        return dict.fromkeys(("mass", *names), 0.0)
    share = [float(weight) / mass for weight in row]
    result = dict.fromkeys(names, 0.0) | {"mass": mass}
    for j, weight in enumerate(share):
        down, across = j // grid.width - anchor // grid.width, j % grid.width - anchor % grid.width
        result["entropy"] -= weight * math.log(weight) if weight > 0 else 0
        result["distance"] += weight * math.sqrt((down * tall) ** 2 + (across * wide) ** 2)
        result["local_mass"] += weight if max(abs(down), abs(across)) <= window // 2 else 0
    falling = sorted(share, reverse=True)
    result["top_mass"] = sum(falling[:k])
    for level in (50, 90, 99):
        held = [sum(falling[:count]) for count in range(1, len(falling) + 1)]
        result[f"tokens_for_{level}"] = 1 + next(i for i, part in enumerate(held) if part >= level / 100 - 1e-6)
    return result
