"""Label maps as RGB bytes, ready to show: boundaries, mean colours, distinct colours.

Everything here takes and gives arrays; placing them on axes or pages is for figures and the app. Label maps may be at
the resolution of the tokens: each label is repeated over its token's pixels, so that a token looks like a token.
"""

from itertools import chain, count
from typing import TypeAlias

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from analysis.grouping.choices import DRAWINGS
from analysis.grouping.label_maps import (
    Image,
    Labels,
    check_image,
    check_labels,
    compact_labels,
    neighbour_pairs,
    upsample_labels,
)

Colour: TypeAlias = tuple[int, int, int]

WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)

PALETTE: UInt8[np.ndarray, "8 3"] = np.array(
    [
        (86, 180, 233),  # sky blue
        (230, 159, 0),  # orange
        (0, 158, 115),  # bluish green
        (240, 228, 66),  # yellow
        (0, 114, 178),  # blue
        (213, 94, 0),  # vermilion
        (204, 121, 167),  # reddish purple
        (200, 200, 200),  # grey, where the source has black
    ],
    dtype=np.uint8,
)
"""Colours that people with any common colour vision tell apart (Okabe and Ito 2008)."""


EDGE_OPACITY = 0.6
"""Part of the edge's colour beside a boundary; the rest is the image."""

LUMA_WEIGHTS = (0.299, 0.587, 0.114)
"""Of red, green and blue (ITU-R BT.601)."""

GOLDEN_RATIO = 0.6180339887498949


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


def colour_labels(labels: Labels, palette: UInt8[np.ndarray, "colours 3"] = PALETTE) -> UInt8[np.ndarray, "h w 3"]:
    """Paint each segment with a colour that no segment touching it has, corners included.

    Label m takes colour m of the palette, or the next one that its lower-numbered neighbours leave free, so that a
    super token mostly keeps its colour from block to block. When the palette runs out, its colours come again
    darker and lighter.

    Args:
        labels: Label map, any resolution.
        palette: RGB bytes, shape (colours, 3).

    Raises:
        ValueError: If the labels are no label map or the palette is empty.

    Example:
        >>> first, second = colour_labels(np.array([[0, 1]]))[0]
        >>> bool((first == second).all())
        False
    """
    check_labels(labels)
    if len(palette) == 0:
        raise ValueError("A palette needs at least one colour, got none.")
    segment, values = compact_labels(labels)
    choice = distinct_choices(values, neighbour_pairs(segment, diagonal=True), len(palette))
    return extend_palette(palette, int(choice.max()) + 1)[choice][segment]


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


def distinct_choices(values: np.ndarray, pairs: np.ndarray, colours: int) -> Int[np.ndarray, " segments"]:
    """Return a colour number for each segment that none of its neighbours has, preferably its label's."""
    lower: list[list[int]] = [[] for _ in values]
    for first, second in pairs.tolist():
        lower[second].append(first)
    choice: list[int] = []
    for value, neighbours in zip(values.tolist(), lower, strict=True):
        taken = {choice[neighbour] for neighbour in neighbours}
        preferred = ((value + step) % colours for step in range(colours))
        choice.append(next(c for c in chain(preferred, count(colours)) if c not in taken))
    return np.array(choice)


def extend_palette(palette: np.ndarray, size: int) -> UInt8[np.ndarray, "colours 3"]:
    """Return at least `size` colours: the palette, then its shades and tints in turn."""
    rounds = [palette.astype(np.float64)]
    for turn in range(1, -(-size // len(palette))):
        target = 0 if turn % 2 else 255
        amount = 0.15 + 0.6 * ((0.5 + GOLDEN_RATIO * (turn // 2)) % 1)  # spreads evenly, however many turns
        rounds.append((1 - amount) * palette + amount * target)
    return np.rint(np.concatenate(rounds)).astype(np.uint8)
