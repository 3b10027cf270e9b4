"""Label maps as RGB bytes, ready to show: boundaries and mean colours; for distinct ones see `matched_colours`.

Everything here takes and gives arrays; placing them on axes or pages is for figures and the app. Label maps may be at
the resolution of the tokens: each label is repeated over its token's pixels, so that a token looks like a token.
"""

from typing import TypeAlias

import numpy as np
from jaxtyping import Bool, Float, UInt8

from analysis.grouping.choices import DRAWINGS
from analysis.grouping.label_maps import (
    Image,
    Labels,
    check_image,
    compact_labels,
    upsample_labels,
)

Colour: TypeAlias = tuple[int, int, int]

WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)

EDGE_OPACITY = 0.6
"""Part of the edge's colour beside a boundary; the rest is the image."""

LUMA_WEIGHTS = (0.299, 0.587, 0.114)
"""Of red, green and blue (ITU-R BT.601)."""


def draw_boundaries(
    image: Image, labels: Labels, colour: Colour = WHITE, thickness: int = 1, *, edge: Colour | None = BLACK
) -> Image:
    """Draw lines between segments over an image, shape (height, width, 3).

    A line is centred on the crack between pixels; of an odd thickness the spare pixel lies above or to the left.

    Args:
        image: RGB bytes, shape (height, width, 3); not changed.
        labels: Label map of the image's resolution or coarser.
        colour: Colour of the line.
        thickness: Width of the line in pixels, at least 1.
        edge: Colour of a see-through pixel more on either side, which keeps a light line readable on light
            ground; None leaves it out.

    Raises:
        ValueError: If the image is no RGB image, the labels are larger than it, or the thickness is below 1.
    """
    check_image(image)
    if thickness < 1:
        raise ValueError(f"A boundary needs a thickness of at least 1 pixel, got {thickness}.")
    corners = _boundary_corners(upsample_labels(labels, *image.shape[:2]))
    drawn = image.copy()
    if edge is not None:
        halo = _thicken(corners, thickness + 2)
        drawn[halo] = np.rint((1 - EDGE_OPACITY) * image[halo] + EDGE_OPACITY * np.array(edge)).astype(np.uint8)
    drawn[_thicken(corners, thickness)] = colour
    return drawn


def mean_colours(image: Image, labels: Labels) -> Image:
    """Paint each segment with its mean colour, shape (height, width, 3).

    Args:
        image: RGB bytes, shape (height, width, 3).
        labels: Label map of the image's resolution or coarser.

    Raises:
        ValueError: If the image is no RGB image or the labels are larger than it.

    Example:
        >>> mean_colours(np.array([[[0, 0, 0], [10, 20, 30]]], np.uint8), np.array([[0, 0]]))[0, 0]
        array([ 5, 10, 15], dtype=uint8)
    """
    segment, _ = compact_labels(upsample_labels(labels, *image.shape[:2]))
    return group_means(image, labels)[segment]


def group_means(image: Image, labels: Labels) -> UInt8[np.ndarray, "groups 3"]:
    """Return the mean colour of each segment, in increasing order of the labels.

    Args:
        image: RGB bytes, shape (height, width, 3).
        labels: Label map of the image's resolution or coarser.

    Raises:
        ValueError: If the image is no RGB image or the labels are larger than it.
    """
    check_image(image)
    segment, values = compact_labels(upsample_labels(labels, *image.shape[:2]))
    flat = segment.ravel()
    sums = np.stack([np.bincount(flat, channel, len(values)) for channel in image.reshape(-1, 3).T], axis=1)
    return np.rint(sums / np.bincount(flat)[:, None]).astype(np.uint8)


def luma(image: Image) -> Float[np.ndarray, "height width"]:
    """Return the brightness of an image as the eye weighs its colours (ITU-R BT.601), 0 to 255.

    Example:
        >>> luma(np.full((1, 1, 3), 255, np.uint8)).round()
        array([[255.]], dtype=float32)
    """
    return image.astype(np.float32) @ np.array(LUMA_WEIGHTS, dtype=np.float32)


def check_drawing(drawing: str) -> None:
    """Refuse a drawing that is not known.

    Raises:
        ValueError: If it is not; the message lists the known ones.
    """
    if drawing not in DRAWINGS:
        raise ValueError(f"There is no drawing {drawing!r} of groups; known are {', '.join(DRAWINGS)}.")


def _boundary_corners(labels: np.ndarray) -> Bool[np.ndarray, "h w"]:
    """Return the pixels at whose lower right corner two segments meet.

    Corners, rather than sides, make lines without gaps where they turn.
    """
    padded = np.pad(labels, ((0, 1), (0, 1)), mode="edge")
    here = padded[:-1, :-1]
    return (here != padded[:-1, 1:]) | (here != padded[1:, :-1]) | (here != padded[1:, 1:])


def _thicken(corners: np.ndarray, thickness: int) -> Bool[np.ndarray, "h w"]:
    """Return the pixels of lines of some thickness through the corners."""
    before, after = (thickness - 1) // 2, thickness // 2
    mask = corners
    for _ in range(2):  # one axis, then the other
        height = mask.shape[0]
        framed = np.pad(mask, ((after, before), (0, 0)))
        mask = np.logical_or.reduce([framed[k : k + height] for k in range(thickness)]).T
    return mask
