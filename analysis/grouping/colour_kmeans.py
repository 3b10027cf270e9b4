"""K-means on colour alone: what groups can achieve if they need not be compact; they are rarely in one piece."""

import numpy as np
import scipy
from jaxtyping import Float, Int
from skimage import color

from analysis.grouping.label_maps import Image, grid_labels
from analysis.grouping.segmentation import Segmentation, check_request

ITERATIONS = 10
"""As many as soft k-means has."""


def colour_kmeans_labels(image: Image, rows: int, columns: int, iterations: int = ITERATIONS) -> Segmentation:
    """Group pixels by k-means on Lab colour without position (Lloyd 1982), from the mean colours of a grid's cells.

    A centre that wins no pixel stays where it is, so there can be fewer groups than cells. Equal colours always belong
    together, so each is looked up once.

    Args:
        image: RGB bytes, shape (height, width, 3).
        rows: Rows of the cells.
        columns: Columns of the cells.
        iterations: Times the pixels are assigned, at least 1.

    Raises:
        ValueError: If the image is no RGB image, the grid does not fit it, or there is no iteration.

    Example:
        >>> image = np.zeros((8, 8, 3), np.uint8)
        >>> image[:, 3:] = 255
        >>> colour_kmeans_labels(image, rows=1, columns=2).labels[0]
        array([0, 0, 0, 1, 1, 1, 1, 1])
    """
    check_request(image, rows * columns)
    if iterations < 1:
        raise ValueError(f"K-means needs at least 1 iteration, got {iterations}.")
    packed = image.reshape(-1, 3).astype(np.int64) @ np.array([65536, 256, 1])
    values, colour, weight = np.unique(packed, return_inverse=True, return_counts=True)
    lab = color.rgb2lab(np.stack([values >> 16, (values >> 8) & 255, values & 255], axis=1).astype(np.uint8)[None])[0]
    height, width = image.shape[:2]
    cells = grid_labels(height, width, rows, columns).ravel()
    centres = _means(lab[colour], cells, np.ones(len(colour)), np.zeros((rows * columns, 3)))
    for step in range(iterations):
        nearest = scipy.spatial.KDTree(centres).query(lab)[1]
        if step + 1 < iterations:
            centres = _means(lab, nearest, weight, centres)
    settings = {"rows": rows, "columns": columns, "iterations": iterations}
    return Segmentation(nearest[colour].reshape(height, width), "k-means on colour", rows * columns, settings)


def _means(
    points: Float[np.ndarray, "points 3"],
    group: Int[np.ndarray, " points"],
    weight: np.ndarray,
    before: Float[np.ndarray, "groups 3"],
) -> Float[np.ndarray, "groups 3"]:
    """Return the weighted mean of each group, and the previous value for an empty group."""
    total = np.bincount(group, weight, len(before))
    sums = np.stack([np.bincount(group, weight * axis, len(before)) for axis in points.T], axis=1)
    return np.where(total[:, None] > 0, sums / np.maximum(total, 1)[:, None], before)
