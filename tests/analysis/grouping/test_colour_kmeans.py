"""K-means without position: SciPy's from the same start, and colours that are far apart."""

import numpy as np
import pytest
from scipy.cluster.vq import kmeans2
from skimage.color import rgb2lab

from analysis.grouping.colour_kmeans import colour_kmeans_labels
from analysis.grouping.label_maps import grid_labels


@pytest.mark.parametrize("iterations", [1, 2, 7])
def test_agrees_with_scipy_from_the_same_start(iterations):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (40, 3), dtype=np.uint8)[rng.integers(0, 40, (24, 30)) // rng.integers(1, 9, (24, 30))]
    lab, cells = rgb2lab(image).reshape(-1, 3), grid_labels(24, 30, 2, 3).ravel()
    start = np.stack([lab[cells == cell].mean(axis=0) for cell in range(6)])
    expected = kmeans2(lab, start, iter=iterations, minit="matrix")[1]
    np.testing.assert_array_equal(colour_kmeans_labels(image, 2, 3, iterations).labels.ravel(), expected)


def test_equal_colours_are_together_wherever_they_are():
    image = np.zeros((20, 20, 3), np.uint8)
    image[:, :10], image[3:6, 15:18] = (200, 30, 30), (200, 30, 30)
    labels = colour_kmeans_labels(image, 1, 2).labels
    assert labels[4, 16] == labels[0, 0] != labels[0, 19]


def test_a_centre_that_wins_nothing_is_counted_as_no_group():
    found = colour_kmeans_labels(np.full((8, 8, 3), 77, np.uint8), 2, 2)
    assert (found.count, found.requested) == (1, 4)


@pytest.mark.usefixtures("unchecked")
def test_impossible_requests_are_refused():
    with pytest.raises(ValueError, match="at least 1 iteration, got 0"):
        colour_kmeans_labels(np.zeros((8, 8, 3), np.uint8), 2, 2, 0)
    with pytest.raises(ValueError, match="RGB image"):
        colour_kmeans_labels(np.zeros((8, 8), np.uint8), 2, 2)
