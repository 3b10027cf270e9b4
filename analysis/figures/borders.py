"""Borders between groups and around regions as straight lines, long runs joined."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Shaped

Segment = tuple[tuple[float, float], tuple[float, float]]


def border_lines(labels: Shaped[np.ndarray, "rows columns"]) -> list[Segment]:
    """Return the borders between groups as straight lines ((x, y), (x, y)) in cells, long runs joined."""
    across = labels[:-1] != labels[1:]
    down = labels[:, :-1] != labels[:, 1:]
    lines: list[Segment] = [((a, row + 1), (b, row + 1)) for row, part in enumerate(across) for a, b in _runs(part)]
    return lines + [((column + 1, a), (column + 1, b)) for column, part in enumerate(down.T) for a, b in _runs(part)]


def outline_lines(region: Bool[np.ndarray, "rows columns"]) -> list[Segment]:
    """Return the outline of the true cells as lines ((x, y), (x, y)) in cells, also along the edges of the array.

    Example:
        >>> outline_lines(np.array([[True]]))
        [((0, 0), (1, 0)), ((0, 1), (1, 1)), ((0, 0), (0, 1)), ((1, 0), (1, 1))]
    """
    return [((a - 1, b - 1), (c - 1, d - 1)) for (a, b), (c, d) in border_lines(np.pad(region, 1))]


def _runs(marked: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield start and stop of each run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], marked, [False]]).astype(np.int8)))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
