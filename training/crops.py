"""Random boxes on pictures: crops, and parts to erase; every draw comes from the generator that is given."""

import math

import numpy as np
from numpy.typing import NDArray

TRIES = 10
"""Draws before a box that does not fit is given up, as in torchvision and timm."""

Boxes = NDArray[np.int64]
"""Boxes (top, left, height, width) in pixels, shape (count, 4)."""


def generator(*numbers: int) -> np.random.Generator:
    """Return a random generator that depends on all the numbers (seed, epoch, step, ...)."""
    return np.random.default_rng(numbers)


def crop_boxes(
    heights: NDArray[np.int64],
    widths: NDArray[np.int64],
    scale: tuple[float, float],
    ratio: tuple[float, float],
    random: np.random.Generator,
) -> Boxes:
    """Draw a crop of random area and aspect ratio for each picture (Szegedy et al., 2015).

    A box that does not fit is drawn again; after ten tries the largest central one with a ratio in the range is
    taken. torchvision's RandomResizedCrop does the same.

    Args:
        heights: Heights of the pictures in pixels, shape (count,).
        widths: Their widths.
        scale: Least and largest part of the area.
        ratio: Least and largest width over height, drawn uniformly in the logarithm.
        random: Source of randomness.
    """
    tall, wide = _draw_sides(heights * widths, scale, ratio, random)
    fits = (tall > 0) & (wide > 0) & (tall <= heights) & (wide <= widths)
    height, width = _first(tall, fits), _first(wide, fits)
    given_up = ~fits.any(0)
    height[given_up], width[given_up] = (side[given_up] for side in _central_sides(heights, widths, ratio))
    top, left = random.integers(0, heights - height + 1), random.integers(0, widths - width + 1)
    top[given_up] = ((heights - height) // 2)[given_up]
    left[given_up] = ((widths - width) // 2)[given_up]
    return np.stack([top, left, height, width], axis=1)


def erased_boxes(count: int, side: int, probability: float, random: np.random.Generator) -> Boxes:
    """Draw the part of each square picture that random erasing takes (Zhong et al., 2020), as timm does.

    Area from 2 % to a third, ratio of height and width from 0.3 to 3.3; a box that is not smaller than the picture
    is drawn again, ten times at most. Pictures that are left unchanged have a box of size 0.

    Args:
        count: Number of pictures.
        side: Their side in pixels.
        probability: Probability for each picture.
        random: Source of randomness.
    """
    area = np.full(count, side**2)
    wide, tall = _draw_sides(area, (0.02, 1 / 3), (0.3, 1 / 0.3), random)
    fits = (tall < side) & (wide < side)
    chosen = (random.random(count) < probability) & fits.any(0)
    height, width = (np.where(chosen, _first(sides, fits), 0) for sides in (tall, wide))
    top, left = random.integers(0, side - height + 1), random.integers(0, side - width + 1)
    return np.stack([top, left, height, width], axis=1)


def central_squares(heights: NDArray[np.int64], widths: NDArray[np.int64]) -> Boxes:
    """Return the largest central square of each picture."""
    side = np.minimum(heights, widths)
    return np.stack([(heights - side) // 2, (widths - side) // 2, side, side], axis=1)


def _draw_sides(
    area: NDArray[np.int64], scale: tuple[float, float], ratio: tuple[float, float], random: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return ten heights and widths for each picture, shape (10, count)."""
    shape = (TRIES, len(area))
    target = area * random.uniform(*scale, shape)
    aspect = np.exp(random.uniform(math.log(ratio[0]), math.log(ratio[1]), shape))
    return np.rint(np.sqrt(target / aspect)).astype(np.int64), np.rint(np.sqrt(target * aspect)).astype(np.int64)


def _first(values: NDArray[np.int64], fits: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return for each picture the value of the first try that fits."""
    return np.take_along_axis(values, fits.argmax(0)[None], 0)[0]


def _central_sides(
    heights: NDArray[np.int64], widths: NDArray[np.int64], ratio: tuple[float, float]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the sides of the largest box whose ratio lies in the range."""
    return (
        np.minimum(heights, np.rint(widths / ratio[0]).astype(np.int64)),
        np.minimum(widths, np.rint(heights * ratio[1]).astype(np.int64)),
    )
