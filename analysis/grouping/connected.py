"""Groups, each in one piece: every label keeps its largest piece, and the other pieces join their neighbours."""

import numpy as np
from jaxtyping import Int

from analysis.grouping.label_maps import Labels, check_labels, compact_labels, connected_labels


def largest_pieces(labels: Labels) -> Int[np.ndarray, "height width"]:
    """Keep each label on its largest 4-connected piece; the others join the neighbour with the longest border.

    The number of labels is kept. Of equally large pieces the first, row by row, stays; of neighbours with equally
    long borders the one with the smallest label. A piece that touches no kept piece waits until its neighbours have
    joined one. SLIC cleans up in the same spirit (Achanta et al. 2012, section 4.1), but by a least size.

    Args:
        labels: Label map, shape (height, width).

    Raises:
        ValueError: If the labels are no label map.

    Example:
        >>> largest_pieces(np.array([[0, 0, 1, 0]]))
        array([[0, 0, 1, 1]])
    """
    check_labels(labels)
    segment, values = compact_labels(labels)
    pieces = connected_labels(segment)
    owner = piece_owners(pieces, segment)
    sizes = np.bincount(pieces.ravel())
    order = np.lexsort((np.arange(len(sizes)), -sizes, owner))  # by label, then the largest, then the first
    kept = order[np.unique(owner[order], return_index=True)[1]]
    joined = np.full(len(sizes), -1)
    joined[kept] = owner[kept]
    first, second, length = _borders(pieces)
    while (joined < 0).any():
        joined = _join(joined, first, second, length, len(values))
    return values.astype(np.int64)[joined[pieces]]


def piece_owners(pieces: Labels, labels: Labels) -> Int[np.ndarray, " pieces"]:
    """Return the label of each piece of `connected_labels`.

    Example:
        >>> piece_owners(np.array([[0, 1, 2]]), np.array([[7, 8, 7]]))
        array([7, 8, 7])
    """
    owner = np.empty(int(pieces.max()) + 1, dtype=np.int64)
    owner[pieces.ravel()] = labels.ravel()
    return owner


def _borders(pieces: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return pairs of touching pieces, in both directions, and how many sides of pixels they share."""
    count = int(pieces.max()) + 1
    sides = [(pieces[:, :-1], pieces[:, 1:]), (pieces[:-1], pieces[1:])]
    codes = [(one * count + other)[one != other] for a, b in sides for one, other in ((a, b), (b, a))]
    code, length = np.unique(np.concatenate(codes), return_counts=True)
    return code // count, code % count, length


def _join(joined: np.ndarray, first: np.ndarray, second: np.ndarray, length: np.ndarray, count: int) -> np.ndarray:
    """Return the labels after each waiting piece beside settled ones took that with the longest border."""
    ready = (joined[first] < 0) & (joined[second] >= 0)
    code, total = np.unique(first[ready] * count + joined[second[ready]], return_inverse=True)
    shared = np.bincount(total, length[ready])
    order = np.lexsort((code % count, -shared, code // count))
    piece, start = np.unique(code[order] // count, return_index=True)
    changed = joined.copy()
    changed[piece] = code[order][start] % count
    return changed
