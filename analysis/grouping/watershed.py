"""Compact watershed superpixels (Neubert and Protzel 2014, as in scikit-image)."""

from functools import partial

from skimage import color, filters, segmentation

from analysis.grouping.count_search import CountSearch
from analysis.grouping.label_maps import Image, Number
from analysis.grouping.segmentation import Segmentation, check_request

COMPACTNESS = 1e-3
"""Weight of the distance to the seed against the gradient, which lies between 0 and 1."""


def watershed_labels(
    image: Image, num_segments: int, *, compactness: Number = COMPACTNESS, at_most: bool = False
) -> Segmentation:
    """Flood the gradient of the picture from a grid of seeds; the seeds are as near the wanted number as a grid comes.

    Args:
        image: RGB bytes, shape (height, width, 3).
        num_segments: Segments wanted.
        compactness: Weight of the distance to the seed, at least 0; higher gives squarer segments.
        at_most: Never give more segments than wanted.

    Raises:
        ValueError: If the image is no RGB image, the number does not fit it, or the compactness is negative.

    Example:
        >>> import numpy as np
        >>> watershed_labels(np.zeros((8, 8, 3), np.uint8), 4).count
        4
    """
    check_request(image, num_segments)
    if not compactness >= 0:
        raise ValueError(f"The compactness of the watershed must be at least 0, got {compactness}; 0.001 is usual.")
    flood = partial(segmentation.watershed, filters.sobel(color.rgb2gray(image)), compactness=compactness)
    search = CountSearch(flood, num_segments, at_most)
    search.attempt(markers=num_segments)
    size = image.shape[0] * image.shape[1]
    area = size / num_segments
    search.bisect(lambda value: {"markers": max(1, round(size / value))}, area / 2, 2 * area)
    settings = {"compactness": compactness, **search.settings}
    return Segmentation(search.labels, "compact watershed", num_segments, settings)
