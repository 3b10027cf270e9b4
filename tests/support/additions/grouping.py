"""A grouping method: the left half and the right half."""

import numpy as np

from analysis.grouping.methods import METHODS, Method


def halves(task):
    from analysis.grouping.segmentation import Segmentation

    height, width = task.size
    labels = np.tile((np.arange(width) >= width // 2).astype(np.int64), (height, 1))
    return Segmentation(labels, "halves", task.count, {})


METHODS["halves"] = Method("halves", "Two halves", "#123456", "Left and right.", halves)
