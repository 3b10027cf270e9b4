"""Pictures to start with: one that ships with the project and those of scikit-image, so nothing is downloaded."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data

from stvit.images.files import RGBImage, load_image

FOLDER = Path(__file__).parent / "pictures"

OF_SCIKIT_IMAGE = {
    "astronaut": "astronaut.png",
    "cat": "chelsea.png",
    "coffee": "coffee.png",
    "rocket": "rocket.jpg",
    "galaxies": "hubble_deep_field.jpg",
    "tissue": "ihc.png",
}
"""Files that its package holds, by the name of the sample."""

CREDITS = {"china": "danielbuechele, CC BY 2.0"}
"""Author and licence of each sample that asks for attribution; the sources stand in `pictures/README.md`."""

KNOWN_TO_DEMO = ("china",)
"""Samples that show one of the ten classes of the demo model: a church, as near as those classes come."""

SUBJECTS = {"china": (0.41, 0.33)}
"""The place of a sample that is worth seeing first, (down, across) as shares of the whole picture; else its middle."""


def sample_images() -> dict[str, Callable[[], RGBImage]]:
    """Return a loader for each sample picture, by name; the first is the default.

    scikit-image declares its pictures free to use: public domain, CC0 or without known restrictions.

    Example:
        >>> picture = sample_images()["cat"]()
        >>> picture.array.shape
        (300, 451, 3)
    """
    loaders: dict[str, Callable[[], RGBImage]] = {"china": partial(load_image, FOLDER / "china.jpg", name="china")}
    return loaders | {name: partial(_load, name, file) for name, file in OF_SCIKIT_IMAGE.items()}


def _load(name: str, file: str) -> RGBImage:
    """Load one of scikit-image's pictures under its name; its own functions first import much that reads no file."""
    with Image.open(Path(data.__file__).parent / file) as picture:
        return load_image(np.asarray(picture), name=name)
