"""Groupings that ignore the picture: the baseline that every method that uses it must beat.

Haurum et al. (ICCV 2023 workshops) found fixed radial patterns hard to beat when tokens are pruned.
"""

import numpy as np
from jaxtyping import Int

from analysis.grouping.segmentation import Segmentation, check_count

SECTORS = 6
"""Sectors of the first ring around the centre; ring k has k times as many, so that all are about as wide as long."""


def random_seed_labels(height: int, width: int, num_segments: int, seed: int = 0) -> Segmentation:
    """Give each pixel to the nearest of some random pixels (a Voronoi tessellation), ties to the first.

    Args:
        height: Of the picture.
        width: Of the picture.
        num_segments: Seeds; each owns at least itself, so this is the actual number of segments.
        seed: Of the random numbers.

    Raises:
        ValueError: If the number does not fit the picture.

    Example:
        >>> random_seed_labels(4, 4, 3).count
        3
    """
    check_count(height, width, num_segments)
    chosen = np.random.default_rng(seed).choice(height * width, num_segments, replace=False)
    seed_row, seed_column = np.divmod(np.sort(chosen), width)
    row, column = np.arange(height)[:, None, None], np.arange(width)[None, :, None]
    labels = np.empty((height, width), dtype=np.int64)
    for start in range(height):  # one row at a time: all distances at once would be height x width x seeds
        distance = (row[start] - seed_row) ** 2 + (column[0] - seed_column) ** 2
        labels[start] = distance.argmin(axis=-1)
    return Segmentation(labels, "random seeds", num_segments, {"seed": seed})


def radial_labels(height: int, width: int, num_segments: int) -> Segmentation:
    """Cut the picture into rings around its centre and the rings into sectors, all of the same size within a pixel.

    The picture's two axes are scaled to the same length first, so the rings of an oblong picture are oblong. Ring k
    has `SECTORS` k sectors and the last ring what is left; the number of segments is met exactly.

    Raises:
        ValueError: If the number does not fit the picture.

    Example:
        >>> segmentation = radial_labels(8, 8, 7)  # the centre and a ring of six
        >>> segmentation.count, segmentation.settings
        (7, {'rings': 2})
    """
    check_count(height, width, num_segments)
    down = (np.arange(height) + 0.5) / height - 0.5
    across = (np.arange(width) + 0.5) / width - 0.5
    radius = np.hypot(down[:, None], across[None]).ravel()
    angle = np.arctan2(down[:, None], across[None]).ravel()
    sectors = _sectors(num_segments)
    bounds = np.concatenate([[0], np.cumsum(sectors)]) * radius.size // num_segments
    outwards = np.lexsort((angle, radius))
    labels = np.empty(radius.size, dtype=np.int64)
    first = 0
    for start, stop, count in zip(bounds[:-1], bounds[1:], sectors, strict=True):
        ring = outwards[start:stop]
        around = ring[np.argsort(angle[ring], kind="stable")]
        labels[around] = first + np.arange(len(ring)) * count // len(ring)
        first += count
    return Segmentation(labels.reshape(height, width), "radial pattern", num_segments, {"rings": len(sectors)})


def _sectors(count: int) -> Int[np.ndarray, " rings"]:
    """Return the sectors of each ring from the centre outwards, which sum to `count`."""
    rings, left = [1], count - 1
    while left > 0:
        rings.append(min(left, SECTORS * len(rings)))
        left -= rings[-1]
    return np.array(rings)
