"""Any picture file -> RGB -> the pixels that the model sees, and tokens back to regions of the picture."""

from stvit.images.files import PictureSource, RGBImage, load_image
from stvit.images.formats import SUFFIXES
from stvit.images.framing import Framing
from stvit.images.limits import DEFAULT_LIMITS, ImageError, ImageLimits
from stvit.images.model_input import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    PreparedImage,
    denormalise,
    prepare,
    published_crop_fraction,
)
from stvit.images.reading import PictureBytes, read_picture

__all__ = [
    "DEFAULT_LIMITS",
    "IMAGENET_MEAN",
    "IMAGENET_STD",
    "SUFFIXES",
    "Framing",
    "ImageError",
    "ImageLimits",
    "PictureBytes",
    "PictureSource",
    "PreparedImage",
    "RGBImage",
    "denormalise",
    "load_image",
    "prepare",
    "published_crop_fraction",
    "read_picture",
]
