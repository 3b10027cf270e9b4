"""The picture as the tokens see it: averaged over the area of each.

Tokens of the first stage are 4 pixels wide, so superpixels found on pixels can follow edges that no token can. Grouping
this image instead is the fair comparison; show both side by side.
"""

import numpy as np
from jaxtyping import Float, UInt8

from analysis.grouping.label_maps import Image, check_image


def token_image(image: Image, grid_height: int, grid_width: int) -> UInt8[np.ndarray, "{grid_height} {grid_width} 3"]:
    """Average the image over the area of each token, RGB bytes of shape (grid_height, grid_width, 3).

    Pixels that lie on a border between tokens count in both by their share.

    Raises:
        ValueError: If the image is no RGB image or the grid is finer than the image.

    Example:
        >>> token_image(np.array([[[0, 1, 2], [4, 5, 6]]], np.uint8), 1, 1)
        array([[[2, 3, 4]]], dtype=uint8)
    """
    check_image(image)
    height, width = image.shape[:2]
    if not (1 <= grid_height <= height and 1 <= grid_width <= width):
        raise ValueError(
            f"A token grid of {grid_height} x {grid_width} does not fit an image of {height} x {width} pixels; "
            "each token needs at least one pixel."
        )
    rows, columns = _area_weights(height, grid_height), _area_weights(width, grid_width)
    averaged = np.einsum("ty,yxc,ux->tuc", rows, image.astype(np.float64), columns, optimize=True)
    return np.rint(averaged).astype(np.uint8)


def _area_weights(size: int, parts: int) -> Float[np.ndarray, "parts size"]:
    """Return the share of each pixel of an axis in each of its equal parts, rows summing to 1."""
    edges = np.linspace(0, size, parts + 1)
    pixel = np.arange(size)
    covered = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    return np.clip(covered, 0, None) * (parts / size)
