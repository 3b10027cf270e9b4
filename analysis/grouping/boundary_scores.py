"""How well the boundaries of a label map lie on those of a reference.

Notation and sources as in `analysis.grouping.scores`.
"""

import math

import numpy as np
import scipy
from jaxtyping import Bool

from analysis.grouping.label_maps import Labels, Reference, boundary_mask, check_labels, check_same_shape

DIAGONAL_SHARE = float(np.float32(0.0025))
"""Tolerance over the diagonal of the picture (Stutz et al. 2018), to the bit."""


def default_tolerance(height: int, width: int) -> int:
    """Return r = 0.0025 times the diagonal in pixels, rounded half up: 1 for 224 x 224 and for 321 x 481.

    The factor is a 32-bit float, as in the code of the superpixel benchmark, so 360 x 480, whose diagonal is 600, has
    1 and not 2. The 0.0075 of the BSDS boundary benchmark belongs to another score: there boundary pixels are matched
    one to one, here any pixel within the window counts.

    Example:
        >>> default_tolerance(321, 481)
        1
    """
    return math.floor(DIAGONAL_SHARE * math.hypot(height, width) + 0.5)


def boundary_recall(labels: Labels, reference: Reference, tolerance: int | None = None) -> float:
    """Return the part of the reference's boundary pixels that have a segment boundary nearby.

    Rec = TP / (TP + FN); near means within the window of (2r + 1) x (2r + 1) pixels, r the tolerance. nan if the
    reference has no boundary (the benchmark says 0).

    Args:
        labels: Segments, shape (height, width).
        reference: Regions, same shape.
        tolerance: r in pixels; None takes `default_tolerance`.

    Raises:
        ValueError: If shapes differ or the tolerance is negative.

    Example:
        >>> boundary_recall(np.array([[0, 1, 1, 1]]), np.array([[0, 0, 1, 1]]), tolerance=0)  # one of two pixels
        0.5
    """
    found, _, expected = _boundary_hits(labels, reference, tolerance)
    return found / expected if expected else math.nan


def boundary_precision(labels: Labels, reference: Reference, tolerance: int | None = None) -> float:
    """Return TP / (TP + FP) of the boundaries.

    TP are the boundary pixels of the reference with a segment boundary near (as in `boundary_recall`), FP the
    segment boundary pixels with no boundary of the reference near. nan if there are neither.

    Args:
        labels: Segments, shape (height, width).
        reference: Regions, same shape.
        tolerance: r in pixels; None takes `default_tolerance`.

    Raises:
        ValueError: If shapes differ or the tolerance is negative.

    Example:
        >>> boundary_precision(np.array([[0, 1, 1, 1]]), np.array([[0, 0, 1, 1]]), tolerance=0)
        0.5
    """
    found, false, _ = _boundary_hits(labels, reference, tolerance)
    return found / (found + false) if found + false else math.nan


def mean_distance_to_edge(labels: Labels, reference: Reference) -> float:
    """Return how far a boundary pixel of the reference is from the nearest segment boundary, in pixels on average.

    MDE = 1/|B_G| sum_{x in B_G} min_{s in B_S} |x - s|, Euclidean (Benesova and Kottman 2014). Unlike recall it has no
    tolerance; like recall it rewards long boundaries.

    Returns:
        From 0; nan if either map has no boundary.

    Raises:
        ValueError: If shapes differ.

    Example:
        >>> mean_distance_to_edge(np.array([[0, 1, 1, 1]]), np.array([[0, 0, 1, 1]]))  # 0 and 1 pixel
        0.5
    """
    check_labels(labels)
    check_labels(reference)
    check_same_shape(labels, reference, "the reference")
    segments, regions = boundary_mask(labels), boundary_mask(reference)
    if not (segments.any() and regions.any()):
        return math.nan
    return float(scipy.ndimage.distance_transform_edt(~segments)[regions].mean())


def widen(mask: Bool[np.ndarray, "height width"], radius: int) -> Bool[np.ndarray, "height width"]:
    """Return the pixels with a true one in the square window of side 2 radius + 1.

    Example:
        >>> widen(np.array([[False, True, False, False]]), radius=1)
        array([[ True,  True,  True, False]])
    """
    return scipy.ndimage.maximum_filter(mask.view(np.uint8), size=2 * radius + 1, mode="constant", cval=0).view(bool)


def _boundary_hits(labels: np.ndarray, reference: np.ndarray, tolerance: int | None) -> tuple[int, int, int]:
    """Return boundary pixels of the reference found, segment boundary pixels far from any, and those expected."""
    check_labels(labels)
    check_labels(reference)
    check_same_shape(labels, reference, "the reference")
    tolerance = default_tolerance(*labels.shape) if tolerance is None else tolerance
    if tolerance < 0:
        raise ValueError(f"The tolerance of boundary scores must be at least 0 pixels, got {tolerance}.")
    segments, regions = boundary_mask(labels), boundary_mask(reference)
    found = regions & widen(segments, tolerance)
    far = segments & ~widen(regions, tolerance)
    return int(found.sum()), int(far.sum()), int(regions.sum())
