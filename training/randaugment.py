"""RandAugment (Cubuk et al., 2020) as timm's policy "rand-m9-mstd0.5-inc1" has it, on one 8-bit picture.

Each operation is one of fifteen, applied with probability 0.5 at a level of 10: drawn from a normal distribution around
the magnitude with deviation 0.5, cut to 0 to 10. Ranges and fill are timm's (`timm.data.auto_augment`); severity
increases with the level in all operations ("inc1").
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageOps

PROBABILITY, DEVIATION, HIGHEST = 0.5, 0.5, 10.0
FILL = (124, 116, 104)
"""What comes in from outside a turned or shifted picture: ImageNet's mean colour."""

Operation = Callable[[Image.Image, float], Image.Image]


def rand_augment(
    picture: NDArray[np.uint8], operations: int, magnitude: float, random: np.random.Generator
) -> NDArray[np.uint8]:
    """Return an augmented picture.

    Args:
        picture: Shape (height, width, 3).
        operations: How many operations are drawn, with repetition.
        magnitude: Mean level, of 10.
        random: Source of randomness.
    """
    image = Image.fromarray(picture)
    for name in random.choice(list(OPERATIONS), operations):
        if random.random() < PROBABILITY:
            level = float(np.clip(random.normal(magnitude, DEVIATION), 0, HIGHEST))
            argument, operation = OPERATIONS[name]
            image = operation(image, argument(level, random))
    return np.asarray(image)


def _signed(largest: float) -> Callable[[float, np.random.Generator], float]:
    """Return a function from a level to a number of either sign, up to `largest` at level 10."""
    return lambda level, random: level / HIGHEST * largest * random.choice((-1, 1))


def _factor(level: float, random: np.random.Generator) -> float:
    """Return the factor of an enhancement: 1 is none, 0.1 and 1.9 are the limits."""
    return max(0.1, 1 + _signed(0.9)(level, random))


def _whole(start: int, end: int) -> Callable[[float, np.random.Generator], float]:
    """Return a function from a level to a whole number that moves from `start` to `end`."""
    sign = 1 if end > start else -1
    return lambda level, random: start + sign * int(level / HIGHEST * abs(end - start))


def _none(level: float, random: np.random.Generator) -> float:
    return level


def _affine(matrix: Callable[[float, Image.Image], tuple[float, ...]]) -> Operation:
    """Return an operation by the matrix that maps positions in the result to positions in the picture."""

    def operation(image: Image.Image, value: float) -> Image.Image:
        coefficients = matrix(value, image)
        return image.transform(
            image.size, Image.Transform.AFFINE, coefficients, Image.Resampling.BICUBIC, fillcolor=FILL
        )

    return operation


def _rotate(image: Image.Image, degrees: float) -> Image.Image:
    return image.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=FILL)


def _enhance(kind: Callable[[Image.Image], ImageEnhance._Enhance]) -> Operation:
    return lambda image, factor: kind(image).enhance(factor)


def _solarize_add(image: Image.Image, added: float) -> Image.Image:
    """Add to the dark half of the values."""
    return image.point([min(255, value + int(added)) if value < 128 else value for value in range(256)] * 3)


OPERATIONS: dict[str, tuple[Callable[[float, np.random.Generator], float], Operation]] = {
    "autocontrast": (_none, lambda image, _: ImageOps.autocontrast(image)),
    "equalise": (_none, lambda image, _: ImageOps.equalize(image)),
    "invert": (_none, lambda image, _: ImageOps.invert(image)),
    "rotate": (_signed(30), _rotate),  # degrees
    "posterise": (_whole(4, 0), lambda image, bits: ImageOps.posterize(image, int(bits))),  # bits kept
    "solarise": (_whole(256, 0), lambda image, threshold: ImageOps.solarize(image, int(threshold))),
    "solarise_add": (_whole(0, 110), _solarize_add),
    "colour": (_factor, _enhance(ImageEnhance.Color)),
    "contrast": (_factor, _enhance(ImageEnhance.Contrast)),
    "brightness": (_factor, _enhance(ImageEnhance.Brightness)),
    "sharpness": (_factor, _enhance(ImageEnhance.Sharpness)),
    "shear_x": (_signed(0.3), _affine(lambda value, _: (1, value, 0, 0, 1, 0))),
    "shear_y": (_signed(0.3), _affine(lambda value, _: (1, 0, 0, value, 1, 0))),
    "translate_x": (_signed(0.45), _affine(lambda part, image: (1, 0, part * image.width, 0, 1, 0))),
    "translate_y": (_signed(0.45), _affine(lambda part, image: (1, 0, 0, 0, 1, part * image.height))),
}
"""Name -> (level to argument, operation)."""
