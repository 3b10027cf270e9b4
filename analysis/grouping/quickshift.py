"""Quick shift superpixels (Vedaldi and Soatto 2008, as in scikit-image), cut to the wanted number of segments."""

import math

import numpy as np
from jaxtyping import Int
from skimage import color, segmentation

from analysis.grouping.label_maps import Image, compact_labels
from analysis.grouping.segmentation import Segmentation, check_request

REACH = 3
"""Standard deviations of the kernel within which scikit-image looks for a denser pixel."""

LEAST_KERNEL = 1.0
"""Standard deviation, in pixels, below which scikit-image takes no kernel."""

GROWTH = 1.5
"""Factor from one size of the kernel to the next, while there are more densest pixels than segments wanted."""

RATIO = 1.0
"""Weight of colour against position, 0 to 1."""


def quickshift_labels(image: Image, num_segments: int) -> Segmentation:
    """Link each pixel to the nearest denser one and cut the longest links, so that the wanted number of trees is left.

    Cutting the k longest links is what the method does with a threshold on their length between the k-th and the
    next, so the count is met exactly without a search.

    Args:
        image: RGB bytes, shape (height, width, 3).
        num_segments: Segments wanted.

    Raises:
        ValueError: If the image is no RGB image or the number does not fit it.

    Example:
        >>> image = np.zeros((16, 16, 3), np.uint8)
        >>> image[:, 8:] = 255
        >>> quickshift_labels(image, 2).count
        2
    """
    check_request(image, num_segments)
    kernel = max(LEAST_KERNEL, math.sqrt(image.shape[0] * image.shape[1] / num_segments) / (2 * REACH))
    while True:
        labels, count = _cut(image, num_segments, kernel)
        if count <= num_segments:
            return Segmentation(labels, "quickshift", num_segments, {"kernel_size": kernel, "ratio": RATIO})
        kernel *= GROWTH


def _cut(image: Image, count: int, kernel: float) -> tuple[Int[np.ndarray, "height width"], int]:
    """Return labels, and how many there are: `count`, or more where so many pixels have no denser one in reach."""
    _, parent, length = segmentation.quickshift(
        color.rgb2lab(image),
        ratio=RATIO,
        kernel_size=kernel,
        max_dist=math.inf,
        return_tree=True,
        convert2lab=False,
        rng=0,
    )
    parent, length = np.asarray(parent, dtype=np.int64).ravel(), np.asarray(length).ravel()
    pixel = np.arange(parent.size)
    roots = parent == pixel
    links = np.flatnonzero(~roots)
    longest = links[np.argsort(-length[links], kind="stable")[: max(0, count - int(roots.sum()))]]
    parent[longest] = longest
    while not np.array_equal(parent, parent[parent]):  # every pixel climbs to the root of its tree
        parent = parent[parent]
    labels, values = compact_labels(parent)
    return labels.reshape(image.shape[:2]), len(values)
