"""Numbers that describe a label map by itself and against the image.

Those against a reference or another label map are in `boundary_scores` and `overlap_scores`, with the same notation.

Notation: S_j are the segments, G_i the regions of the reference, N the pixels. Definitions follow the code of the
superpixel benchmark (Stutz, Hermans and Leibe, CVIU 2018, arXiv 1612.01601), which differs from its text in
places; each docstring gives the formula. What is 0/0 (the explained variation of an image of one colour, the
boundary recall of a reference without boundary) is nan, never a number that would enter a mean.

Boundary scores mean little without the tolerance, the actual number of segments and their connectivity: report all of
them together (`default_tolerance`, `SegmentStatistics`).
"""

import math
from dataclasses import dataclass

import numpy as np

from analysis.grouping.connected import piece_owners
from analysis.grouping.label_maps import (
    Features,
    Labels,
    boundary_mask,
    check_labels,
    check_same_shape,
    compact_labels,
    connected_labels,
)


@dataclass(frozen=True)
class SegmentStatistics:
    """What can be said about a label map without a reference.

    Attributes:
        count: Labels that own at least one pixel.
        components: 4-connected pieces of all labels together.
        disconnected: Labels in more than one piece.
        explained_variation: See `explained_variation`.
        intra_segment_variation: See `intra_segment_variation`.
        compactness: See `compactness`.
        contour_density: See `contour_density`.
        smallest: Pixels of the smallest label that owns any.
        median_size: Pixels of the median label.
        largest: Pixels of the largest label.
        size_variation: Standard deviation of the sizes over their mean, 0 if all are equal; the mean itself is
            N / count, which says nothing new.
    """

    count: int
    components: int
    disconnected: int
    explained_variation: float
    intra_segment_variation: float
    compactness: float
    contour_density: float
    smallest: int
    median_size: float
    largest: int
    size_variation: float


def describe_segments(labels: Labels, image: Features) -> SegmentStatistics:
    """Compute everything that needs no reference.

    Args:
        labels: Label map, shape (height, width).
        image: Colours or any other features of the same pixels.

    Raises:
        ValueError: If shapes differ.

    Example:
        >>> found = describe_segments(np.array([[0, 0, 0, 2]]), np.zeros((1, 4, 3)))
        >>> found.count, found.smallest, found.largest
        (2, 1, 3)
    """
    explained, within = _variations(labels, image)
    segment, _ = compact_labels(labels)
    sizes, pieces = np.bincount(segment.ravel()), connected_labels(segment)
    return SegmentStatistics(
        count=len(sizes),
        components=int(pieces.max()) + 1,
        disconnected=_owners_of_several(pieces, segment),
        explained_variation=explained,
        intra_segment_variation=within,
        compactness=compactness(labels),
        contour_density=contour_density(labels),
        smallest=int(sizes.min()),
        median_size=float(np.median(sizes)),
        largest=int(sizes.max()),
        size_variation=float(sizes.std() / sizes.mean()),
    )


def segment_count(labels: Labels) -> int:
    """Count the labels that own at least one pixel.

    Example:
        >>> segment_count(np.array([[0, 5, 5]]))
        2
    """
    check_labels(labels)
    return len(compact_labels(labels)[1])


def disconnected_count(labels: Labels) -> int:
    """Count the labels whose pixels form more than one 4-connected component.

    Example:
        >>> disconnected_count(np.array([[0, 1, 0]]))
        1
    """
    segment, _ = compact_labels(labels)
    return _owners_of_several(connected_labels(segment), segment)


def _owners_of_several(pieces: Labels, segment: Labels) -> int:
    """Count the labels that own more than one piece."""
    return int((np.bincount(piece_owners(pieces, segment)) > 1).sum())


def explained_variation(labels: Labels, image: Features) -> float:
    """Return the part of the image's variance that segment means keep, from 0 to 1; nan for a constant image.

    EV = sum_p |mu_S(p) - mu|^2 / sum_p |x_p - mu|^2, summed over channels (Moore et al. 2008).

    Raises:
        ValueError: If shapes differ.

    Example:
        >>> explained_variation(np.array([[0, 0, 1, 1]]), np.array([[[0.0], [0.0], [1.0], [1.0]]]))
        1.0
    """
    return _variations(labels, image)[0]


def intra_segment_variation(labels: Labels, image: Features) -> float:
    """Return the mean over segments of their standard deviation, in units of the image.

    ICV = mean_j sqrt(1/|S_j| sum_{p in S_j} |x_p - mu_j|^2) (Benesova and Kottman 2014).

    Raises:
        ValueError: If shapes differ.

    Example:
        >>> intra_segment_variation(np.array([[0, 0]]), np.array([[[0.0], [2.0]]]))
        1.0
    """
    return _variations(labels, image)[1]


def compactness(labels: Labels) -> float:
    """Return how round the segments are, from 0 to 1; pi/4 for squares.

    CO = sum_j |S_j|/N * 4 pi |S_j| / L_j^2, L_j the sides of pixels of S_j that face another segment or the border
    of the image. This is the benchmark's; values of Schick et al. 2012 are not comparable.

    Example:
        >>> compactness(np.array([[0, 0], [0, 0]])) == math.pi / 4
        True
    """
    check_labels(labels)
    segment, _ = compact_labels(labels)
    framed = np.pad(segment, 1, constant_values=-1)
    shifted = (framed[:-2, 1:-1], framed[2:, 1:-1], framed[1:-1, :-2], framed[1:-1, 2:])
    sides = sum((segment != other).astype(np.int64) for other in shifted)
    area = np.bincount(segment.ravel())
    perimeter = np.bincount(segment.ravel(), sides.ravel())
    return float((4 * np.pi * area**2 / perimeter**2).sum() / segment.size)


def contour_density(labels: Labels) -> float:
    """Return the part of the pixels that lie on a boundary (differ from any of their 4 neighbours).

    Example:
        >>> contour_density(np.array([[0, 0, 1, 1]]))
        0.5
    """
    check_labels(labels)
    return float(boundary_mask(labels).mean())


def _variations(labels: np.ndarray, image: np.ndarray) -> tuple[float, float]:
    """Return the explained variation and the mean deviation within segments, channel by channel to save memory."""
    check_labels(labels)
    check_same_shape(labels, image, "the image")
    segment, values = compact_labels(labels.ravel())
    sizes = np.bincount(segment, minlength=len(values))
    total = between = 0.0
    squares, constant = np.zeros(labels.size), True
    for channel in np.moveaxis(image.reshape(labels.size, -1), 1, 0):
        pixels = channel.astype(np.float64)
        mean, means = pixels.mean(), np.bincount(segment, pixels, len(values)) / sizes
        constant = constant and bool((pixels == pixels[0]).all())
        total += float(((pixels - mean) ** 2).sum())
        between += float((sizes * (means - mean) ** 2).sum())
        squares += (pixels - means[segment]) ** 2
    within = float(np.sqrt(np.bincount(segment, squares) / sizes).mean())
    return math.nan if constant else between / total, within
