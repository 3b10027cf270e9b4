"""Pictures to start with: colour photographs that ship with scikit-image, so nothing is downloaded."""

from collections.abc import Callable
from functools import partial

import numpy as np
from skimage import data

from stvit.images.files import RGBImage, load_image


def sample_images() -> dict[str, Callable[[], RGBImage]]:
    """Return a loader for each sample picture, by name.

    scikit-image declares all of them free to use: public domain, CC0 or without known restrictions.

    Example:
        >>> picture = sample_images()["cat"]()
        >>> picture.array.shape
        (300, 451, 3)
    """
    pictures: dict[str, Callable[[], np.ndarray]] = {
        "astronaut": data.astronaut,
        "cat": data.chelsea,
        "coffee": data.coffee,
        "rocket": data.rocket,
        "galaxies": data.hubble_deep_field,
        "tissue": data.immunohistochemistry,
    }
    return {name: partial(_load, name, read) for name, read in pictures.items()}


def _load(name: str, read: Callable[[], np.ndarray]) -> RGBImage:
    """Load one sample picture under its name."""
    return load_image(read(), name=name)
