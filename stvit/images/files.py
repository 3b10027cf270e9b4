"""File, bytes, Pillow image or array -> validated 8-bit RGB, with one clear sentence for what cannot be used."""

import hashlib
import reprlib
from dataclasses import dataclass
from typing import get_args

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from stvit.images.colour import Alpha, array_to_rgb
from stvit.images.decoding import Orientation, decode_file, decode_picture
from stvit.images.limits import DEFAULT_LIMITS, ImageLimits
from stvit.images.png import file_behind
from stvit.images.reading import Readable, name_of, read_picture

PictureSource = Readable | Image.Image | np.ndarray
"""What a picture can be loaded from."""


@dataclass(frozen=True, eq=False)
class RGBImage:
    """A picture that is known to be good.

    Attributes:
        array: Shape (height, width, 3), 8-bit RGB, read-only.
        sha256: Hexadecimal digest of the file's bytes; of shape and pixels if it did not come from a file.
        name: File name, or "image".
    """

    array: UInt8[np.ndarray, "height width 3"]
    sha256: str
    name: str

    @property
    def height(self) -> int:
        """Rows of pixels."""
        return self.array.shape[0]

    @property
    def width(self) -> int:
        """Columns of pixels."""
        return self.array.shape[1]


def load_image(
    source: PictureSource,
    limits: ImageLimits = DEFAULT_LIMITS,
    name: str | None = None,
    *,
    orientation: Orientation = "exif",
    alpha: Alpha = "white",
) -> RGBImage:
    """Load a picture as 8-bit RGB.

    PNG, JPEG, WebP, TIFF, BMP, GIF, AVIF and HEIC (first frame or page), 8 or 16 bit, grey, palette, CMYK or RGB.
    Colour profiles are not applied. A PNG that Pillow has opened but not yet decoded is read again from its file.

    This is the only decoder. The published evaluation, and so training, differs from what a person wants to see in
    two ways, which `orientation="stored", alpha="drop"` reproduces.

    Args:
        source: A path, bytes, a binary file object (read from its start where it can seek), the `PictureBytes` that
            `read_picture` gave, a Pillow image or a NumPy array (see `stvit.images.colour.array_to_rgb`).
        limits: What to refuse; sizes are checked before pixels are decoded.
        name: Name to remember; by default that of the file.
        orientation: "exif" turns the picture upright as its metadata says; "stored" leaves it as it is stored
            (except HEIC, whose rotation is in the container, so that it always comes out upright).
        alpha: "white" lays transparent pixels over white; "drop" ignores transparency and shows the colours that
            are stored under it.

    Raises:
        ImageError: In one sentence, why the picture cannot be used: missing, empty, not an image, truncated, too
            many pixels, too small, too elongated.
        ValueError: If an option has an unknown value.

    Example:
        >>> picture = load_image(np.zeros((48, 64, 3), np.uint8))
        >>> picture.height, picture.width
        (48, 64)
    """
    _check_option("orientation", orientation, Orientation)
    _check_option("alpha", alpha, Alpha)
    if isinstance(source, np.ndarray):
        return _from_pixels(array_to_rgb(source, limits, alpha), name or "image")
    name = name or name_of(source)
    if isinstance(source, Image.Image):
        data = file_behind(source)
        if data is None:
            array = decode_picture(source, limits, orientation, alpha, source.format or "Pillow")
            return _from_pixels(array, name)
        source = data
    file = read_picture(source, limits, name)
    return RGBImage(_read_only(decode_file(file.data, limits, orientation, alpha)), file.sha256, file.name)


def _check_option(option: str, value: object, allowed: object) -> None:
    """Raise a ValueError if an option has an unknown value."""
    first, second = get_args(allowed)
    if value not in (first, second):
        raise ValueError(f'The {option} of a picture is "{first}" or "{second}", got {reprlib.repr(value)}.')


def _from_pixels(array: UInt8[np.ndarray, "height width 3"], name: str) -> RGBImage:
    """Wrap pixels that came without a file; the shape is part of their digest."""
    digest = hashlib.sha256(f"{array.shape}".encode() + array.tobytes()).hexdigest()
    return RGBImage(_read_only(array), digest, name)


def _read_only(array: UInt8[np.ndarray, "height width 3"]) -> UInt8[np.ndarray, "height width 3"]:
    """Return the array in row-major order, protected from changes."""
    array = np.ascontiguousarray(array)
    array.setflags(write=False)
    return array
