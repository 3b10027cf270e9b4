"""Any picture file -> RGB -> the pixels that the model sees, and tokens back to places in the picture."""

from stvit.images.files import DEFAULT_LIMITS, RGBImage, load_image
from stvit.images.framing import Framing
from stvit.images.limits import ImageError, ImageLimits
from stvit.images.model_input import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    PreparedImage,
    denormalise,
    prepare,
    published_crop_fraction,
)

__all__ = [
    "DEFAULT_LIMITS",
    "IMAGENET_MEAN",
    "IMAGENET_STD",
    "Framing",
    "ImageError",
    "ImageLimits",
    "PreparedImage",
    "RGBImage",
    "denormalise",
    "load_image",
    "prepare",
    "published_crop_fraction",
]
