"""Labels of two groupings of one picture, named alike where they overlap most."""

import numpy as np
import scipy
from jaxtyping import Int

from analysis.grouping.label_maps import Labels, Reference, compact_labels
from analysis.grouping.overlap import Overlap


def matched_labels(labels: Labels, reference: Reference) -> Int[np.ndarray, "height width"]:
    """Rename labels so that as many pixels as possible have the label that they have in the reference.

    Each label gets at most one label of the reference, the best assignment of all (Kuhn 1955); labels that are left
    over get numbers that the reference does not use, in increasing order.

    Args:
        labels: Label map.
        reference: Label map of the same size.

    Raises:
        ValueError: If the sizes differ.

    Example:
        >>> matched_labels(np.array([[7, 7, 1, 2]]), np.array([[0, 0, 0, 5]]))
        array([[0, 0, 6, 5]])
    """
    overlap = Overlap.between(labels, reference)
    table = np.zeros((len(overlap.segment_sizes), len(overlap.region_sizes)))
    table[overlap.segment, overlap.region] = overlap.pixels
    mine, theirs = scipy.optimize.linear_sum_assignment(table, maximize=True)
    meet = table[mine, theirs] > 0
    segment, names = compact_labels(labels)[0], compact_labels(reference)[1]
    renamed = np.full(len(table), -1, dtype=np.int64)
    renamed[mine[meet]] = names[theirs[meet]]
    left = renamed < 0
    renamed[left] = names[-1] + 1 + np.arange(left.sum())
    return renamed[segment]
