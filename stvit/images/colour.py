"""Any pixel format -> 8-bit RGB: deep greys, palettes, CMYK and transparency."""

from typing import Literal

import numpy as np
from jaxtyping import Shaped, UInt8
from PIL import Image

from stvit.images.limits import ImageError, ImageLimits
from stvit.images.tiff import BITS_PER_SAMPLE, PHOTOMETRIC, SAMPLE_FORMAT

Alpha = Literal["white", "drop"]
"""Lay transparent pixels over white, or ignore transparency."""

WHITE = (255, 255, 255, 255)
"""What shows through transparent pixels."""


def to_rgb(picture: Image.Image, alpha: Alpha) -> UInt8[np.ndarray, "height width 3"]:
    """Convert a decoded picture to 8-bit RGB, shape (height, width, 3).

    16-bit values are scaled linearly (0 to 65535 becomes 0 to 255); see `spread` for 32-bit ones. Colour profiles are
    not applied, as in the published evaluation.

    Raises:
        ImageError: If the colour mode has no RGB equivalent here, or a float picture holds NaN or infinity.
    """
    if picture.mode in ("I", "F") or picture.mode.startswith("I;"):
        grey = _deep_grey(picture, alpha)
        return np.repeat(grey[..., None], 3, axis=2)
    if picture.mode == "CMYK" and picture.format == "JPEG" and "adobe" not in picture.info:
        raise ImageError("This CMYK JPEG does not say whether its inks are stored inverted; save it as RGB.")
    over_white = alpha == "white" and picture.has_transparency_data
    if over_white:
        _check_transparent_colour(picture)
    try:
        # Pillow has no direct conversion from premultiplied grey to RGB.
        picture = picture.convert("LA") if picture.mode == "La" else picture
        flat = _over_white(picture) if over_white else _opaque(picture)
    except ValueError as error:
        raise ImageError(
            f"A picture in colour mode {picture.mode} cannot be turned into RGB here; save it as an RGB PNG."
        ) from error
    return np.asarray(flat)


def array_to_rgb(
    array: Shaped[np.ndarray, "..."], limits: ImageLimits, alpha: Alpha
) -> UInt8[np.ndarray, "height width 3"]:
    """Convert an array of shape (height, width[, 1, 3 or 4]) to 8-bit RGB, shape (height, width, 3).

    Accepts uint8, uint16 (scaled linearly), bool (black and white) and floats from 0 to 1; a fourth channel is
    alpha.

    Raises:
        ImageError: If the shape, the data type or the range of the values is not one of these, or exceeds the limits.
    """
    if np.ma.is_masked(array):
        raise ImageError("An array with masked pixels is not a picture; fill them first.")
    channels = _count_channels(array)
    limits.check_size(*array.shape[:2])
    values = _array_to_8_bit(np.asarray(array)).reshape(*array.shape[:2], channels)
    if channels == 4 and alpha == "white":
        return np.asarray(_over_white(Image.fromarray(values)))
    if channels == 4:
        return values[..., :3].copy()
    return np.repeat(values, 3 // channels, axis=2)  # Always a copy, also of three channels.


def _count_channels(array: Shaped[np.ndarray, "..."]) -> int:
    """Return the number of channels of an array, or raise an ImageError if its shape is not that of a picture."""
    channels = array.shape[2] if array.ndim == 3 else 1
    if array.ndim not in (2, 3) or channels not in (1, 3, 4):
        raise ImageError(
            f"An array of shape {array.shape} is not a picture; expected (height, width), or "
            f"(height, width, channels) with 1, 3 or 4 channels last."
        )
    return channels


def scale_to_8_bit(values: Shaped[np.ndarray, "*shape"], full_scale: int) -> UInt8[np.ndarray, "*shape"]:
    """Scale whole numbers from 0..full_scale to 0..255, rounded to the nearest.

    Example:
        >>> scale_to_8_bit(np.array([0, 65535]), full_scale=65535)
        array([  0, 255], dtype=uint8)
    """
    return ((values.astype(np.uint32) * 255 + full_scale // 2) // full_scale).astype(np.uint8)


def spread(values: Shaped[np.ndarray, "*shape"]) -> UInt8[np.ndarray, "*shape"]:
    """Map values without a stated range to 0..255.

    32-bit files do not say which value is white. The smallest of the usual ranges that holds every value is
    taken: 0..1 (floats only), 0..255, 0..65535; values outside all of them are stretched from their minimum to
    their maximum.

    Raises:
        ImageError: If a value is NaN or infinite.

    Example:
        >>> spread(np.array([-1.0, 0.0, 4.0]))
        array([  0,  51, 255], dtype=uint8)
    """
    check_finite(values)
    low, high = float(values.min()), float(values.max())
    usual = [1.0] * (values.dtype.kind == "f") + [255.0, 65535.0]
    white = next((white for white in usual if low >= 0 and high <= white), None)
    black, span = (0.0, white) if white else (low, max(high - low, np.finfo(np.float64).tiny))
    return np.rint((values.astype(np.float64) - black) / span * 255).astype(np.uint8)


def check_finite(values: Shaped[np.ndarray, "..."]) -> None:
    """Raise an ImageError if a value is NaN or infinite."""
    if not np.isfinite(values).all():
        raise ImageError("This picture holds NaN or infinite values; replace them and load it again.")


def _array_to_8_bit(array: Shaped[np.ndarray, "*shape"]) -> UInt8[np.ndarray, "*shape"]:
    """Bring the accepted data types to 0..255."""
    kind = array.dtype.newbyteorder("=")
    if kind == np.uint8:
        return array
    if kind == np.uint16:
        return scale_to_8_bit(array, 65535)
    if kind == np.bool_:
        return array.astype(np.uint8) * 255
    if kind.kind != "f":
        raise ImageError(
            f"An array of {array.dtype} has no clear range of values; convert it to uint8 (0 to 255), uint16 "
            f"(0 to 65535) or floats from 0 to 1."
        )
    check_finite(array)
    if array.min() < 0 or array.max() > 1:
        raise ImageError(
            f"A float array must hold values from 0 to 1, got {array.min():g} to {array.max():g}; divide by the "
            f"value of white first."
        )
    return np.rint(array.astype(np.float64) * 255).astype(np.uint8)


def _deep_grey(picture: Image.Image, alpha: Alpha) -> UInt8[np.ndarray, "height width"]:
    """Scale a grey picture of more than 8 bits to 0..255; a pixel of its transparent value becomes white."""
    tags = getattr(picture, "tag_v2", {})
    values = np.asarray(picture)
    bits = tags.get(BITS_PER_SAMPLE, (16,))[0]
    if picture.mode.startswith("I;"):
        grey = scale_to_8_bit(values, 2**bits - 1)
    elif picture.mode == "I" and bits == 32 and tags.get(SAMPLE_FORMAT, (1,))[0] == 1:
        # Pillow has no unsigned 32-bit mode: the upper half of the range comes out negative.
        grey = spread(values.view(np.uint32))
    else:
        grey = spread(values)
    if tags.get(PHOTOMETRIC) == 0:
        grey = 255 - grey
    if "transparency" in picture.info and alpha == "white":
        grey = np.where(values == picture.info["transparency"], np.uint8(255), grey)
    return grey


def _check_transparent_colour(picture: Image.Image) -> None:
    """Raise an ImageError if a 16-bit transparent colour remains with 8-bit pixels."""
    key = picture.info.get("transparency", 0)
    if not isinstance(key, bytes) and np.max(key) > 255:
        raise ImageError(
            "The transparent colour of this Pillow image has 16 bits, its pixels have 8; hand over the path or bytes "
            "it came from."
        )


def _over_white(picture: Image.Image) -> Image.Image:
    """Lay a picture with transparency over white."""
    rgba = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", rgba.size, WHITE), rgba).convert("RGB")


def _opaque(picture: Image.Image) -> Image.Image:
    """Convert to RGB without regard to transparency."""
    if "transparency" in picture.info:
        picture = picture.copy()
        del picture.info["transparency"]
    return picture.convert("RGB")
