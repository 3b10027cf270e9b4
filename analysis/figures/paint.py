"""Label maps and heat as RGB bytes, ready to show: boundaries, mean colours, distinct colours, heat over an image.

Everything here takes and gives arrays; placing them on axes or pages is for figures and the app. Label maps and
heat may be at the resolution of the tokens: each value is repeated over its token's pixels, never smoothed, so
that a token looks like a token.
"""

from itertools import chain, count
from typing import TypeAlias

import numpy as np
from jaxtyping import Bool, Float, Int, Real, UInt8

from analysis.grouping.label_maps import (
    Image,
    Labels,
    Number,
    check_image,
    check_labels,
    compact_labels,
    neighbour_pairs,
    upsample_labels,
    upsample_nearest,
)

Colour: TypeAlias = tuple[int, int, int]
Colormap: TypeAlias = UInt8[np.ndarray, "256 3"]

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
    """
    check_image(image)
    segment, values = compact_labels(upsample_labels(labels, *image.shape[:2]))
    flat = segment.ravel()
    sums = np.stack([np.bincount(flat, channel, len(values)) for channel in image.reshape(-1, 3).T], axis=1)
    means = np.rint(sums / np.bincount(flat)[:, None]).astype(np.uint8)
    return means[segment]


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
    """
    check_labels(labels)
    if len(palette) == 0:
        raise ValueError("A palette needs at least one colour, got none.")
    segment, values = compact_labels(labels)
    choice = _distinct_choices(values, neighbour_pairs(segment, diagonal=True), len(palette))
    return _extend_palette(palette, int(choice.max()) + 1)[choice][segment]


def colour_heat(
    values: Real[np.ndarray, "h w"], colormap: Colormap, *, vmin: Number, vmax: Number
) -> UInt8[np.ndarray, "h w 3"]:
    """Look up values in a table of 256 colours, shape (h, w, 3).

    Args:
        values: One number per token or pixel; nan takes the lowest colour.
        colormap: RGB bytes, shape (256, 3), lowest first.
        vmin: Value of the lowest colour; anything below has it too.
        vmax: Value of the highest colour; anything above has it too.

    Raises:
        ValueError: If vmin lies above vmax, either is not finite, or the table has another shape.
    """
    if colormap.shape != (256, 3) or colormap.dtype != np.uint8:
        raise ValueError(
            f"A colormap of 256 RGB colours as uint8, shape (256, 3), is needed, got shape {colormap.shape} and "
            f"type {colormap.dtype}."
        )
    if not (np.isfinite(vmin) and np.isfinite(vmax) and vmin <= vmax):
        raise ValueError(f"Heat needs finite vmin <= vmax, got vmin {vmin} and vmax {vmax}.")
    span = vmax - vmin if vmax > vmin else 1.0  # one value only: all of it is lowest
    position = np.clip((values.astype(np.float64) - vmin) / span, 0, 1)
    return colormap[np.rint(np.nan_to_num(position) * 255).astype(np.uint8)]


def overlay_heat(
    image: Image,
    values: Real[np.ndarray, "h w"],
    colormap: Colormap,
    *,
    vmin: Number,
    vmax: Number,
    opacity: Number | Real[np.ndarray, "h w"] = 0.6,
    grey: bool = True,
) -> Image:
    """Lay heat over an image, shape (height, width, 3).

    Args:
        image: RGB bytes, shape (height, width, 3); not changed.
        values: One number per token or pixel; where it is nan the image stays bare.
        colormap: RGB bytes, shape (256, 3), lowest first.
        vmin: Value of the lowest colour.
        vmax: Value of the highest colour.
        opacity: From 0, the image alone, to 1, the heat alone; one number, or one per value.
        grey: Whether the image below loses its colours, so that hue means heat only.

    Raises:
        ValueError: If the image is no RGB image, the values are larger than it, the opacity lies outside 0 to 1,
            or as in `colour_heat`.
    """
    check_image(image)
    share = np.where(np.isnan(values), 0.0, opacity)
    if not (share.min() >= 0 and share.max() <= 1):
        raise ValueError(f"The opacity must lie between 0 and 1, got {share.min():g} to {share.max():g}.")
    size = image.shape[:2]
    heat = upsample_nearest(colour_heat(values, colormap, vmin=vmin, vmax=vmax), *size)
    share = upsample_nearest(share, *size)[..., None].astype(np.float32)
    ground = _to_grey(image) if grey else image
    return np.rint(ground + share * (heat.astype(np.float32) - ground)).astype(np.uint8)


def _to_grey(image: Image) -> Float[np.ndarray, "h w 1"]:
    """Return the luma of an image (ITU-R BT.601 weights), shape (h, w, 1)."""
    return (image.astype(np.float32) @ np.array([0.299, 0.587, 0.114], dtype=np.float32))[..., None]


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


def _distinct_choices(values: np.ndarray, pairs: np.ndarray, colours: int) -> Int[np.ndarray, " segments"]:
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


def _extend_palette(palette: np.ndarray, size: int) -> UInt8[np.ndarray, "colours 3"]:
    """Return at least `size` colours: the palette, then its shades and tints in turn."""
    rounds = [palette.astype(np.float64)]
    for turn in range(1, -(-size // len(palette))):
        target = 0 if turn % 2 else 255
        amount = 0.15 + 0.6 * ((0.5 + GOLDEN_RATIO * (turn // 2)) % 1)  # spreads evenly, however many turns
        rounds.append((1 - amount) * palette + amount * target)
    return np.rint(np.concatenate(rounds)).astype(np.uint8)
