"""Does a grouping stay the same if the picture changes a little? Changes, their inverses, agreement afterwards.

A grouping that ignores the picture is perfectly stable under blur, noise and brightness, and a regular grid under a
flip: read stability beside the controls.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy

from analysis.grouping.label_maps import Image, Labels, check_image, check_same_shape
from analysis.grouping.overlap_scores import adjusted_rand_index

BLUR = 1.5
"""Standard deviation of the blur, in pixels."""

NOISE = 10.0
"""Standard deviation of the noise in each channel, of 255."""

BRIGHTNESS = 1.25
"""Factor of all channels."""

SHIFT = 5
"""Pixels to the right and down; a whole number of tokens would leave token grids where they were."""


@dataclass(frozen=True)
class Disturbance:
    """A small change of a picture.

    Attributes:
        name: Of columns, after "stability_".
        apply: Changes the picture.
        undo: Brings labels of the changed picture back onto the picture.
        valid: The part of the picture that is in both; what the change brought in from outside is not.
    """

    name: str
    apply: Callable[[np.ndarray], np.ndarray]
    undo: Callable[[np.ndarray], np.ndarray] = lambda labels: labels
    valid: tuple[slice, slice] = (slice(None), slice(None))


def _blur(image: np.ndarray) -> np.ndarray:
    return scipy.ndimage.gaussian_filter(image.astype(np.float64), (BLUR, BLUR, 0), mode="nearest")


def _noise(image: np.ndarray) -> np.ndarray:
    return image + np.random.default_rng(0).normal(0, NOISE, image.shape)


def _brightness(image: np.ndarray) -> np.ndarray:
    return image * BRIGHTNESS


def _shift(image: np.ndarray) -> np.ndarray:
    return np.pad(image, ((SHIFT, 0), (SHIFT, 0), (0, 0)), mode="edge")[:-SHIFT, :-SHIFT]


def _shift_back(labels: np.ndarray) -> np.ndarray:
    return np.pad(labels[SHIFT:, SHIFT:], ((0, SHIFT), (0, SHIFT)), mode="edge")


def _flip(array: np.ndarray) -> np.ndarray:
    return array[:, ::-1]


DISTURBANCES = (
    Disturbance("blur", _blur),
    Disturbance("noise", _noise),
    Disturbance("brightness", _brightness),
    Disturbance("shift", _shift, _shift_back, (slice(None, -SHIFT), slice(None, -SHIFT))),
    Disturbance("flip", _flip, _flip),
)
"""All changes: blur, noise, brightness, a shift by `SHIFT` pixels both ways, a flip from left to right."""


def disturbed(image: Image, disturbance: Disturbance) -> Image:
    """Return the changed picture as RGB bytes, values beyond 0 to 255 cut off.

    Raises:
        ValueError: If the image is no RGB image.

    Example:
        >>> disturbed(np.array([[[0, 0, 0], [9, 9, 9]]], np.uint8), DISTURBANCES[-1])[0, :, 0]  # a flip
        array([9, 0], dtype=uint8)
    """
    check_image(image)
    return np.ascontiguousarray(np.clip(np.rint(disturbance.apply(image)), 0, 255).astype(np.uint8))


def agreement(labels: Labels, changed: Labels, disturbance: Disturbance) -> float:
    """Return the adjusted Rand index of a grouping with that of the changed picture, after undoing the change.

    Only pixels that are in both pictures count.

    Args:
        labels: Grouping of the picture, shape (height, width).
        changed: Grouping of the changed picture, same shape.
        disturbance: The change.

    Raises:
        ValueError: If the shapes differ.

    Example:
        >>> labels = np.array([[0, 1, 1]])
        >>> agreement(labels, labels[:, ::-1], DISTURBANCES[-1])  # a flip
        1.0
    """
    check_same_shape(labels, changed, "those of the changed picture")
    return adjusted_rand_index(labels[disturbance.valid], disturbance.undo(changed)[disturbance.valid])
