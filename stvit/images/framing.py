"""Where a prepared picture lies on the original one: how it is resized and cropped, and the way back."""

import math
import operator
import reprlib
from dataclasses import dataclass
from numbers import Real
from typing import SupportsIndex

from stvit.grid import STRIDES, TokenGrid

MIN_SIZE, MAX_SIZE = 32, 2048
"""Least and greatest side that may be asked for, in pixels."""

MIN_CROP_FRACTION = 0.5
"""A smaller share would mean a resized picture of many times the pixels that are kept."""

ROUNDING = 1e-6
"""Slack in pixels, so that the corner of a box lies in that box in spite of floating point."""

Size = tuple[int, int]
Box = tuple[float, float, float, float]
SizeLike = SupportsIndex | tuple[SupportsIndex, ...] | list[SupportsIndex]
"""One side in pixels, or (height, width)."""


@dataclass(frozen=True)
class Framing:
    """A resize followed by a crop, and its inverse.

    Positions are (y, x) in pixels from the top left corner of a picture: pixel (row, column) covers row to
    row + 1 and column to column + 1. Boxes are (top, left, bottom, right).

    Attributes:
        original: Height and width of the original picture.
        resized: Height and width after the resize.
        corner: Top and left of the crop on the resized picture.
        size: Height and width of the prepared picture.
        strides: Pixels per token and axis of each stage of the model that the picture is prepared for.
    """

    original: Size
    resized: Size
    corner: Size
    size: Size
    strides: tuple[int, ...] = STRIDES

    @property
    def box(self) -> Box:
        """The part of the original picture that the model sees."""
        return self.to_original((0, 0, *self.size))

    def to_original(self, box: Box) -> Box:
        """Map a box on the prepared picture to the original one."""
        tall, wide = (self.original[axis] / self.resized[axis] for axis in (0, 1))
        top, left, bottom, right = box
        return (
            (top + self.corner[0]) * tall,
            (left + self.corner[1]) * wide,
            (bottom + self.corner[0]) * tall,
            (right + self.corner[1]) * wide,
        )

    def to_prepared(self, y: float, x: float) -> tuple[float, float]:
        """Map a position on the original picture to the prepared one; it may lie outside."""
        return (
            y * self.resized[0] / self.original[0] - self.corner[0],
            x * self.resized[1] / self.original[1] - self.corner[1],
        )

    def stride(self, grid: TokenGrid) -> int:
        """Return the pixels per token and axis of a grid over this picture, one of `strides`.

        Raises:
            ValueError: If no stage lays such a grid over this picture.
        """
        grids = {stride: tuple(-(-side // stride) for side in self.size) for stride in self.strides}
        for stride, laid in grids.items():
            if laid == (grid.height, grid.width):
                return stride
        fitting = ", ".join(f"{rows} x {columns}" for rows, columns in grids.values())
        raise ValueError(
            f"A grid of {grid.height} x {grid.width} tokens does not fit a picture of {self.size[0]} x "
            f"{self.size[1]} pixels, whose stages have {fitting} tokens; take the grid from a capture of it."
        )

    def token_box(self, grid: TokenGrid, token: int) -> Box:
        """Return the box of a token on the original picture: its share of the picture, not its receptive field.

        Raises:
            ValueError: If the grid does not belong to this picture.
            IndexError: If there is no such token.
        """
        stride = self.stride(grid)
        row, column = grid.position(token)
        bottom, right = (min((index + 1) * stride, side) for index, side in zip((row, column), self.size, strict=True))
        return self.to_original((row * stride, column * stride, bottom, right))

    def token_at(self, grid: TokenGrid, y: float, x: float) -> int | None:
        """Return the token under a position on the original picture, None where the model does not see it.

        The position of the centre of pixel (row, column) is (row + 0.5, column + 0.5). Of two boxes that meet at a
        position, the lower or right one counts.

        Raises:
            ValueError: If the grid does not belong to this picture.
        """
        stride = self.stride(grid)
        at = tuple(coordinate + ROUNDING for coordinate in self.to_prepared(y, x))
        if not all(0 <= coordinate < side for coordinate, side in zip(at, self.size, strict=True)):
            return None
        row, column = (math.floor(coordinate) for coordinate in at)
        return grid.token(row // stride, column // stride)


def crop_framing(original: Size, size: Size, crop_fraction: float) -> Framing:
    """Return the published evaluation framing: a resize that leaves a margin, then a centre crop.

    The picture is resized, aspect ratio kept, until `size` divided by the crop fraction just fits into it; for a
    square that is the short side. Rounding is that of torchvision's Resize (the long side is cut off to a whole
    number) and CenterCrop (half to even).

    Args:
        original: Height and width of the picture.
        size: Height and width of the crop.
        crop_fraction: Share of the short side that is kept.

    Example:
        >>> framing = crop_framing((256, 384), (224, 224), crop_fraction=0.875)
        >>> framing.resized, framing.corner
        ((256, 384), (16, 80))
    """
    least = [math.floor(side / crop_fraction) for side in size]
    if least[0] * original[1] >= least[1] * original[0]:
        resized = least[0], least[0] * original[1] // original[0]
    else:
        resized = least[1] * original[0] // original[1], least[1]
    corner = round((resized[0] - size[0]) / 2), round((resized[1] - size[1]) / 2)
    return Framing(original, resized, corner, size)


def whole_framing(original: Size, short_side: int) -> Framing:
    """Return the framing of the whole picture: both sides multiples of 32, aspect ratio kept except for rounding.

    Args:
        original: Height and width of the picture.
        short_side: Wanted short side, rounded to the nearest multiple of 32 (half up).

    Example:
        >>> whole_framing((300, 400), short_side=224).size
        (224, 288)
    """
    step = STRIDES[-1]
    short = _nearest_multiple(short_side, 1, step)
    long = _nearest_multiple(short * max(original), min(original), step)
    size = (short, long) if original[0] <= original[1] else (long, short)
    return Framing(original, size, (0, 0), size)


def check_side(size: object) -> int:
    """Return a side in pixels as an int.

    Raises:
        ValueError: If it is not a whole number from 32 to 2048.

    Example:
        >>> check_side(224)
        224
    """
    try:
        side = operator.index(size)  # type: ignore[arg-type]  # whatever a caller passed
    except TypeError:
        side = 0
    if not MIN_SIZE <= side <= MAX_SIZE:
        raise ValueError(
            f"A size must be a whole number from {MIN_SIZE} to {MAX_SIZE} pixels, got {reprlib.repr(size)}; "
            f"224 and 384 are the published ones."
        )
    return side


def check_size(size: object) -> Size:
    """Return a size as (height, width).

    Args:
        size: One side for a square, or (height, width).

    Raises:
        ValueError: If it is neither, or a side is out of range.

    Example:
        >>> check_size(224), check_size((224, 320))
        ((224, 224), (224, 320))
    """
    if not isinstance(size, tuple | list):
        side = check_side(size)
        return side, side
    if len(size) != 2:
        raise ValueError(f"A size is one whole number or (height, width) in pixels, got {reprlib.repr(size)}.")
    return check_side(size[0]), check_side(size[1])


def check_crop_fraction(crop_fraction: float) -> None:
    """Raise a ValueError if the share of the short side to keep is not sensible."""
    if not isinstance(crop_fraction, Real) or not MIN_CROP_FRACTION <= crop_fraction <= 1:
        raise ValueError(
            f"The crop fraction must lie between {MIN_CROP_FRACTION} and 1, got {reprlib.repr(crop_fraction)}; the "
            f"published one is 0.875."
        )


def _nearest_multiple(numerator: int, denominator: int, step: int) -> int:
    """Return numerator / denominator rounded to the nearest multiple of `step`, half up, in whole numbers."""
    return (2 * numerator + denominator * step) // (2 * denominator * step) * step
