"""Soft k-means over colour and position: differentiable SLIC (superpixel sampling networks) without learning."""

import numpy as np
import scipy
from jaxtyping import Float, Int
from skimage import color

from analysis.grouping.label_maps import Image, Number, check_image, grid_labels
from analysis.grouping.segmentation import Segmentation

COLOUR_SCALE = 0.26
"""Weight of Lab colour in the features of soft k-means (SSN, supplement)."""

POSITION_SCALE = 2.5
"""Weight of position, in cells, in the features of soft k-means (SSN, supplement)."""


def soft_kmeans_association(
    image: Image,
    rows: int,
    columns: int,
    iterations: int = 10,
    *,
    colour_scale: Number = COLOUR_SCALE,
    position_scale: Number = POSITION_SCALE,
) -> tuple[Int[np.ndarray, "tokens 9"], Float[np.ndarray, "tokens 9"]]:
    """Associate pixels with superpixels softly by differentiable SLIC (SSN, Jampani et al. 2018, algorithm 1).

    From superpixels S that are the means of the cells of a grid, repeat:
    Q_ij = exp(-|F_i - S_j|^2) over the 3 x 3 cells around pixel i, rows normalised; S = Q-hat^T F. The features F
    are Lab colour times colour_scale and position in cells times position_scale. Neighbours outside the grid take
    no mass here, unlike the phantoms of STViT.

    Args:
        image: RGB bytes, shape (height, width, 3).
        rows: Rows of superpixels.
        columns: Columns of superpixels.
        iterations: Times the association is computed, at least 1.
        colour_scale: Weight of colour.
        position_scale: Weight of position.

    Returns:
        Superpixels of each pixel (-1 outside the grid) and their weights, both (height * width, 9), row-major.

    Raises:
        ValueError: If the image is no RGB image, the grid does not fit it, or there is no iteration.

    Example:
        >>> index, weight = soft_kmeans_association(np.zeros((4, 4, 3), np.uint8), rows=2, columns=2)
        >>> index[0]  # a corner: five of its nine neighbours lie outside
        array([-1, -1, -1, -1,  0,  1, -1,  2,  3])
    """
    check_image(image)
    if iterations < 1:
        raise ValueError(
            f"Soft k-means needs at least 1 iteration, got {iterations}; with none it would be the regular grid."
        )
    height, width = image.shape[:2]
    own = grid_labels(height, width, rows, columns).ravel()
    index = _neighbour_index(own, rows, columns)
    features = _pixel_features(image, colour_scale, position_scale * max(rows / height, columns / width))
    weight = (index == own[:, None]).astype(np.float64)  # the means of the cells, to start from
    for _ in range(iterations):
        weight = _associate(features, _weighted_means(features, index, weight, rows * columns), index)
    return index, weight


def soft_kmeans_labels(image: Image, rows: int, columns: int, iterations: int = 10, **scales: Number) -> Segmentation:
    """Segment by soft k-means, each pixel taking its heaviest superpixel; see `soft_kmeans_association`.

    Labels keep the numbers of the cells they started from; a superpixel may win no pixel, or be in pieces.

    Raises:
        ValueError: As `soft_kmeans_association`.

    Example:
        >>> image = np.zeros((8, 8, 3), np.uint8)
        >>> image[:, 3:] = 255
        >>> soft_kmeans_labels(image, rows=1, columns=2).labels[0]
        array([0, 0, 0, 1, 1, 1, 1, 1])
    """
    index, weight = soft_kmeans_association(image, rows, columns, iterations, **scales)
    best = weight.argmax(axis=1)[:, None]
    labels = np.take_along_axis(index, best, axis=1).reshape(image.shape[:2])
    defaults = {"colour_scale": COLOUR_SCALE, "position_scale": POSITION_SCALE}
    settings = {"rows": rows, "columns": columns, "iterations": iterations, **defaults, **scales}
    return Segmentation(labels, "soft k-means", rows * columns, settings)


def _neighbour_index(own: np.ndarray, rows: int, columns: int) -> Int[np.ndarray, "tokens 9"]:
    """Return the 3 x 3 cells around each pixel's own, row-major, -1 outside the grid."""
    offset_row, offset_column = (part.ravel() - 1 for part in np.indices((3, 3)))
    row = own[:, None] // columns + offset_row
    column = own[:, None] % columns + offset_column
    inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
    return np.where(inside, row * columns + column, -1)


def _pixel_features(image: Image, colour_scale: Number, position_scale: Number) -> Float[np.ndarray, "tokens 5"]:
    """Return scaled Lab colour and position of each pixel."""
    position = np.moveaxis(np.indices(image.shape[:2]), 0, -1)
    return np.concatenate([colour_scale * color.rgb2lab(image), position_scale * position], axis=-1).reshape(-1, 5)


def _weighted_means(features: np.ndarray, index: np.ndarray, weight: np.ndarray, count: int) -> np.ndarray:
    """Return Q-hat^T F, the means of the features under the association, shape (count, 5)."""
    column = np.where(index < 0, count, index).ravel()  # what lies outside gathers in one more column, without weight
    starts = np.arange(0, column.size + 1, index.shape[1])
    association = scipy.sparse.csr_array((weight.ravel(), column, starts), shape=(len(index), count + 1))
    sums = (association.T @ np.column_stack([features, np.ones(len(features))]))[:count]
    return sums[:, :-1] / np.maximum(sums[:, -1:], np.finfo(np.float64).tiny)


def _associate(features: np.ndarray, means: np.ndarray, index: np.ndarray) -> Float[np.ndarray, "tokens 9"]:
    """Return the softmax of minus the squared distances to the neighbouring means, 0 outside the grid."""
    distance = np.stack([((features - means[column]) ** 2).sum(axis=1) for column in index.T], axis=1)
    distance[index < 0] = np.inf
    weight = np.exp(distance.min(axis=1, keepdims=True) - distance)
    return weight / weight.sum(axis=1, keepdims=True)
