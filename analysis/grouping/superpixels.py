"""Segmentations to compare the learned super tokens with: the regular grid, SLIC, SLICO, Felzenszwalb, soft k-means.

Each function gives a `Segmentation`, which says how many segments there really are: SLIC with connectivity, asked
for 49 segments, readily gives 30, and a comparison at different counts is no comparison. The functions therefore
search for settings that give the requested count. All are deterministic.

Tokens of the first stage are 4 pixels wide, so superpixels found on pixels can follow edges that no token can.
`slic_token_labels` (or any function here on `token_image`) is the fair comparison; show both side by side.
"""

import math
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8
from skimage import segmentation

from analysis.grouping.count_search import CountSearch
from analysis.grouping.label_maps import (
    Image,
    Number,
    check_image,
    grid_labels,
    upsample_labels,
)
from analysis.grouping.segmentation import Segmentation, check_request
from analysis.grouping.soft_kmeans import COLOUR_SCALE, POSITION_SCALE, soft_kmeans_association

__all__ = [
    "Segmentation",
    "felzenszwalb_labels",
    "regular_grid_labels",
    "slic_labels",
    "slic_token_labels",
    "slico_labels",
    "soft_kmeans_association",
    "soft_kmeans_labels",
    "token_image",
    "upsample_labels",
]

MIN_SIZE_FACTORS = (0.02, 4.0)
"""Range of the smallest segment SLIC keeps, as a part of the mean size (scikit-image's default is 0.5)."""

SEED_ROUNDS = 3
"""Numbers of seeds at which SLIC with connectivity is bisected at most."""

NEAR_ENOUGH = 0.04
"""Part of the wanted count that SLIC with connectivity may miss without another round (2 of 49)."""

SEED_GROWTH = 1.2
"""Factor from one number of seeds to the next."""


def regular_grid_labels(height: int, width: int, rows: int, columns: int) -> Segmentation:
    """Cut a rectangle into rows x columns cells whose sides differ by at most one, numbered row by row.

    Raises:
        ValueError: If there are more rows or columns than pixels, or fewer than one.

    Example:
        >>> regular_grid_labels(2, 4, rows=1, columns=2).labels
        array([[0, 0, 1, 1],
               [0, 0, 1, 1]])
    """
    labels = grid_labels(height, width, rows, columns)
    return Segmentation(labels, "regular grid", rows * columns, {"rows": rows, "columns": columns})


def slic_labels(
    image: Image,
    num_segments: int,
    compactness: Number = 10,
    *,
    sigma: Number = 0.0,
    enforce_connectivity: bool = True,
    at_most: bool = False,
) -> Segmentation:
    """Segment by SLIC (Achanta et al. 2012, as in scikit-image) into as near `num_segments` as can be found.

    Enforcing connectivity melts small pieces away, so the smallest size that survives is searched, and only where
    that is not enough are the seeds increased. Without connectivity only the seeds can be chosen: they form a
    grid, so the count is as near as a grid comes.

    Args:
        image: RGB bytes, shape (height, width, 3).
        num_segments: Segments wanted.
        compactness: Weight of position against colour, above 0; higher gives squarer segments.
        sigma: Standard deviation of the blur before, in pixels.
        enforce_connectivity: Whether each segment must be in one piece.
        at_most: Never give more segments than wanted, as where there are only so many super tokens.

    Raises:
        ValueError: If the image is no RGB image, the number does not fit it, or the compactness is not positive.

    Example:
        >>> image = np.zeros((8, 8, 3), np.uint8)
        >>> image[:, 4:] = 255
        >>> slic_labels(image, 2).count
        2
    """
    check_request(image, num_segments)
    if not compactness > 0:
        raise ValueError(f"The compactness of SLIC must be above 0, got {compactness}; 10 is usual.")

    search = CountSearch(
        partial(
            segmentation.slic,
            image,
            compactness=compactness,
            sigma=sigma,
            enforce_connectivity=enforce_connectivity,
            start_label=0,
            channel_axis=-1,
        ),
        num_segments,
        at_most,
    )
    search_seeds = _search_connected if enforce_connectivity else _search_unconnected
    search_seeds(search, image.shape[0] * image.shape[1])
    settings = {"compactness": compactness, "sigma": sigma, "connected": enforce_connectivity, **search.settings}
    return Segmentation(search.labels, "SLIC", num_segments, settings)


def slico_labels(image: Image, num_segments: int, *, at_most: bool = False) -> Segmentation:
    """Segment by SLICO, which adapts the compactness to each segment (Achanta et al. 2012, as in scikit-image).

    Args:
        image: RGB bytes, shape (height, width, 3).
        num_segments: Segments wanted.
        at_most: Never give more segments than wanted.

    Raises:
        ValueError: If the image is no RGB image or the number does not fit it.
    """
    check_request(image, num_segments)
    method = partial(segmentation.slic, image, slic_zero=True, start_label=0, channel_axis=-1)
    search = CountSearch(method, num_segments, at_most)
    _search_connected(search, image.shape[0] * image.shape[1])
    return Segmentation(search.labels, "SLICO", num_segments, search.settings)


def slic_token_labels(
    image: Image, grid_height: int, grid_width: int, num_segments: int, compactness: Number = 10, **options: Any
) -> Segmentation:
    """Segment by SLIC at the resolution of the tokens, on the image averaged over each token.

    Args:
        image: RGB bytes, shape (height, width, 3).
        grid_height: Token rows.
        grid_width: Token columns.
        num_segments: Segments wanted.
        compactness: As in `slic_labels`.
        options: Further keywords of `slic_labels`.

    Returns:
        Labels of shape (grid_height, grid_width); `upsample_labels` brings them to the image.

    Raises:
        ValueError: As `slic_labels` and `token_image`.
    """
    return slic_labels(token_image(image, grid_height, grid_width), num_segments, compactness, **options)


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


def felzenszwalb_labels(
    image: Image, num_segments: int, *, sigma: Number = 0.8, min_size: int | None = None, at_most: bool = False
) -> Segmentation:
    """Segment by merging along a graph (Felzenszwalb and Huttenlocher 2004, as in scikit-image).

    The method has a scale, not a number of segments; the scale is searched by bisection. Its graph joins pixels
    at corners too, so a segment may be in several 4-connected pieces.

    Args:
        image: RGB bytes, shape (height, width, 3).
        num_segments: Segments wanted.
        sigma: Standard deviation of the blur before, in pixels.
        min_size: Smallest segment in pixels; None takes an eighth of the mean size.
        at_most: Never give more segments than wanted.

    Raises:
        ValueError: If the image is no RGB image or the number does not fit it.

    Example:
        >>> image = np.zeros((8, 8, 3), np.uint8)
        >>> image[:, 4:] = 255
        >>> felzenszwalb_labels(image, 2).count
        2
    """
    check_request(image, num_segments)
    if min_size is None:
        min_size = max(1, image.shape[0] * image.shape[1] // (8 * num_segments))
    search = CountSearch(
        partial(segmentation.felzenszwalb, image, sigma=sigma, min_size=min_size), num_segments, at_most
    )
    search.bisect(lambda scale: {"scale": scale}, 1e-2, 1e7)
    settings = {"sigma": sigma, "min_size": min_size, **search.settings}
    return Segmentation(search.labels, "Felzenszwalb", num_segments, settings)


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


def _search_connected(search: CountSearch, pixels: int) -> None:
    """Search the smallest size that gives SLIC with connectivity the wanted count, with as few seeds as can be.

    More seeds than wanted segments would also reach the count, by melting whole superpixels into neighbours of
    another colour: at 216 segments of BSDS500 images that raises the undersegmentation error from 0.11 to 0.15.
    """
    seeds = search.requested
    for _ in range(SEED_ROUNDS):
        search.bisect(partial(_connected_settings, seeds), *MIN_SIZE_FACTORS)
        if search.missed_by <= NEAR_ENOUGH or seeds == pixels:
            return
        seeds = min(pixels, math.ceil(SEED_GROWTH * seeds))


def _connected_settings(seeds: int, min_size_factor: float) -> dict[str, Number]:
    """Return the settings of SLIC that a search with connectivity varies."""
    return {"n_segments": seeds, "min_size_factor": min_size_factor}


def _search_unconnected(search: CountSearch, pixels: int) -> None:
    """Search the seeds that give SLIC without connectivity the wanted count."""
    search.attempt(n_segments=search.requested)
    size = pixels / search.requested
    search.bisect(lambda value: {"n_segments": max(1, round(pixels / value))}, size / 2, 2 * size)


def _area_weights(size: int, parts: int) -> Float[np.ndarray, "parts size"]:
    """Return the share of each pixel of an axis in each of its equal parts, rows summing to 1."""
    edges = np.linspace(0, size, parts + 1)
    pixel = np.arange(size)
    covered = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    return np.clip(covered, 0, None) * (parts / size)
