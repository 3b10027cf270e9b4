"""File, bytes, Pillow image or array -> validated 8-bit RGB, with one clear sentence for what cannot be used."""

import hashlib
import os
import re
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO, TextIOBase
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped, UInt8
from PIL import ExifTags, Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from stvit.images.colour import array_to_rgb, check_layout, to_rgb
from stvit.images.limits import ImageError, ImageLimits

READERS: dict[str, tuple[re.Pattern[bytes], Callable[[BytesIO], Image.Image]]] = {
    "PNG": (re.compile(rb"\x89PNG\r\n\x1a\n"), PngImageFile),
    "JPEG": (re.compile(rb"\xff\xd8\xff"), JpegImageFile),
    "WebP": (re.compile(rb"RIFF....WEBP", re.DOTALL), WebPImageFile),
    "TIFF": (re.compile(rb"II[*+]\0|MM\0[*+]"), TiffImageFile),
    "BMP": (re.compile(rb"BM"), BmpImageFile),
    "GIF": (re.compile(rb"GIF8[79]a"), GifImageFile),
}
"""First bytes and reader of each accepted format.

The readers are called directly: `PIL.Image.open` would apply its own pixel limit, a global of the process, and
would try formats that nobody needs here.
"""

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif")
"""How files of these formats are called: to find and to offer them, not to read them."""

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""How to turn the stored picture upright for each EXIF orientation; 1 and unknown values need no turn."""

PNG_END = b"IEND\xaeB`\x82"
"""Last chunk of a PNG; Pillow would accept a file that lost the checksums of its pixels and everything after."""

DEFAULT_LIMITS = ImageLimits()
_QUIET = threading.Lock()


@dataclass(frozen=True, eq=False)
class RGBImage:
    """A picture that is known to be good.

    Attributes:
        array: Shape (height, width, 3), 8-bit RGB, upright, read-only.
        sha256: Hexadecimal digest of the file's bytes; of shape and pixels for what did not come as a file.
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


def load_image(source: Any, limits: ImageLimits = DEFAULT_LIMITS, name: str | None = None) -> RGBImage:
    """Load a picture as 8-bit RGB.

    PNG, JPEG, WebP, TIFF, BMP and GIF (first frame or page), 8 or 16 bit, grey, palette, CMYK or RGB. Transparent
    pixels are laid over white, EXIF rotation is applied, colour profiles are not.

    Args:
        source: A path, bytes, a binary file object (read from its start where it can seek), a Pillow image or a
            NumPy array (see `stvit.image_colour.array_to_rgb`).
        limits: What to refuse; sizes are checked before pixels are decoded.
        name: Name to remember; by default that of the file.

    Raises:
        ImageError: In one sentence, why the picture cannot be used: missing, empty, not an image, truncated, too
            many pixels, too small, too elongated.
    """
    name = name or _name_of(source)
    if isinstance(source, np.ndarray):
        return _from_array(source, limits, name)
    if isinstance(source, Image.Image):
        return _from_pixels(_decode(source, limits, source.format or "Pillow"), name)
    data = _read_bytes(source, limits)
    kind = _format_of(data)
    array = _decode(_open(data, kind, limits), limits, kind)
    if kind == "PNG" and PNG_END not in data:
        raise _damaged(kind)
    return RGBImage(_read_only(array), hashlib.sha256(data).hexdigest(), name)


def _name_of(source: Any) -> str:
    """Return the file name of a source, or "image"."""
    is_path = isinstance(source, str | os.PathLike)
    path = source if is_path else getattr(source, "name", None) or getattr(source, "filename", None)
    # A file opened by its descriptor has a number for its name.
    return (Path(path).name if isinstance(path, str | os.PathLike) else "") or "image"


def _from_array(array: Shaped[np.ndarray, "..."], limits: ImageLimits, name: str) -> RGBImage:
    """Check and convert an array."""
    check_layout(array)
    limits.check_size(*array.shape[:2])
    return _from_pixels(array_to_rgb(array), name)


def _from_pixels(array: UInt8[np.ndarray, "height width 3"], name: str) -> RGBImage:
    """Wrap pixels that came without a file; the shape is part of their digest."""
    digest = hashlib.sha256(f"{array.shape}".encode() + array.tobytes()).hexdigest()
    return RGBImage(_read_only(array), digest, name)


def _read_only(array: UInt8[np.ndarray, "height width 3"]) -> UInt8[np.ndarray, "height width 3"]:
    """Return the array in row-major order, protected from changes."""
    array = np.ascontiguousarray(array)
    array.setflags(write=False)
    return array


def _read_bytes(source: Any, limits: ImageLimits) -> bytes:
    """Return all bytes of a path, bytes or file object."""
    if isinstance(source, bytes | bytearray | memoryview):
        data = bytes(source)
    elif isinstance(source, str | os.PathLike) or callable(getattr(source, "read", None)):
        data = _read_file(source, limits.max_bytes + 1)
    else:
        raise ImageError(
            f"A picture can be a path, bytes, a binary file, a Pillow image or a NumPy array, got "
            f"{type(source).__name__}."
        )
    limits.check_bytes(len(data))
    return data


def _read_file(source: Any, count: int) -> bytes:
    """Read up to `count` bytes from the start of a path or file object."""
    try:
        if isinstance(source, str | os.PathLike):
            with open(source, "rb") as file:
                return file.read(count)
        if callable(getattr(source, "seekable", None)) and source.seekable():
            source.seek(0)
        data = b"" if isinstance(source, TextIOBase) else source.read(count)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ImageError(f"The file {_name_of(source)!r} cannot be read ({reason}); check its path.") from error
    if isinstance(source, TextIOBase) or not isinstance(data, bytes):
        raise ImageError("A picture must be opened as a binary file, this one gives text; open it with mode 'rb'.")
    return data


def _format_of(data: bytes) -> str:
    """Name the format by the first bytes."""
    for name, (signature, _) in READERS.items():
        if signature.match(data):
            return name
    *most, last = READERS
    raise ImageError(f"This is not an image that can be read here; expected {', '.join(most)} or {last}.")


def _open(data: bytes, kind: str, limits: ImageLimits) -> Image.Image:
    """Read the header of a file; no pixel is decoded."""
    try:
        with _quiet():
            picture = READERS[kind][1](BytesIO(data))
    except Image.DecompressionBombError as error:
        raise ImageError(
            f"This {kind} file claims more pixels than can be decoded safely, the limit is "
            f"{limits.max_pixels:,}; make the picture smaller first."
        ) from error
    except Exception as error:  # Damaged bytes make the readers fail in any way.
        raise _damaged(kind) from error
    if kind == "PNG":
        _match_transparent_colour(picture, depth=data[24])
    return picture


def _match_transparent_colour(picture: Image.Image, depth: int) -> None:
    """Bring a PNG's transparent colour, stored at the file's bit depth, to the 8 bits of the decoded pixels."""
    key = picture.info.get("transparency")
    if isinstance(key, tuple) and depth == 16:
        picture.info["transparency"] = tuple(value >> 8 for value in key)
    elif isinstance(key, int) and picture.mode == "L":
        picture.info["transparency"] = key * 255 // (2**depth - 1)


def _decode(picture: Image.Image, limits: ImageLimits, kind: str) -> UInt8[np.ndarray, "height width 3"]:
    """Check the size, decode the pixels, convert them to RGB and turn them upright."""
    limits.check_size(picture.height, picture.width)
    try:
        if isinstance(picture, TiffImageFile):
            with _quiet():  # This reader parses metadata again while it loads.
                picture.load()
        picture.load()
    except Exception as error:  # Damaged bytes make the readers fail in any way.
        raise _damaged(kind) from error
    array, turn = to_rgb(picture), _turn_upright(picture)
    return array if turn is None else np.asarray(Image.fromarray(array).transpose(turn))


def _turn_upright(picture: Image.Image) -> Image.Transpose | None:
    """Return the turn that EXIF asks for; a picture whose EXIF cannot be read stays as it is stored."""
    try:
        with _quiet():
            return TURNS.get(picture.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # Damaged metadata fails in any way, and says nothing about the pixels.
        return None


def _damaged(kind: str) -> ImageError:
    """Return the error for a file that starts like a picture but cannot be decoded."""
    return ImageError(
        f"This {kind} picture is truncated, damaged or of a kind that cannot be decoded; fetch the file again or "
        f"save it as an 8-bit PNG."
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence Pillow's warnings about metadata.

    Filters of the warnings module belong to the process: the lock keeps threads from restoring each other's, and
    the filter touches Pillow's modules only.
    """
    with _QUIET, warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        yield
