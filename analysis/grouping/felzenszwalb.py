"""Segments of Felzenszwalb and Huttenlocher (2004, as in scikit-image), as many as were asked for."""

from functools import partial

from skimage import segmentation

from analysis.grouping.count_search import CountSearch
from analysis.grouping.label_maps import Image, Number
from analysis.grouping.segmentation import Segmentation, check_request

PART_OF_MEAN = 8
"""The smallest segment has one of so many parts of the mean size."""


def felzenszwalb_labels(image: Image, num_segments: int, *, sigma: Number = 0.8, at_most: bool = False) -> Segmentation:
    """Segment by merging along a graph (Felzenszwalb and Huttenlocher 2004, as in scikit-image).

    The method has a scale, not a number of segments; the scale is searched by bisection. Its graph joins pixels
    at corners too, so a segment may be in several 4-connected pieces.

    Args:
        image: RGB bytes, shape (height, width, 3).
        num_segments: Segments wanted.
        sigma: Standard deviation of the blur before, in pixels.
        at_most: Never give more segments than wanted.

    Raises:
        ValueError: If the image is no RGB image or the number does not fit it.

    Example:
        >>> import numpy as np
        >>> image = np.zeros((8, 8, 3), np.uint8)
        >>> image[:, 4:] = 255
        >>> felzenszwalb_labels(image, 2).count
        2
    """
    check_request(image, num_segments)
    min_size = max(1, image.shape[0] * image.shape[1] // (PART_OF_MEAN * num_segments))
    search = CountSearch(
        partial(segmentation.felzenszwalb, image, sigma=sigma, min_size=min_size), num_segments, at_most
    )
    search.bisect(lambda scale: {"scale": scale}, 1e-2, 1e7)
    settings = {"sigma": sigma, "min_size": min_size, **search.settings}
    return Segmentation(search.labels, "Felzenszwalb", num_segments, settings)
