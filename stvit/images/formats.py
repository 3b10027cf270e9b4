"""Bytes of a picture file -> a Pillow image whose header is read; no pixel is decoded."""

import importlib
import re
from collections.abc import Callable
from io import BytesIO

from PIL import Image
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from stvit.images.limits import ImageError

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif", ".heic", ".heif")
"""How files of these formats are called: to find and to offer them, not to read them."""


def _open_heif(file: BytesIO) -> Image.Image:
    """Open the format that phones write, for which Pillow has no built-in reader."""
    try:
        plugin = importlib.import_module("pi_heif")
    except ImportError as error:
        raise ImageError(
            "A HEIC picture needs the package pi-heif, which is not installed; install it, or convert the picture "
            "to JPEG (iPhones: Settings, Camera, Formats, Most Compatible)."
        ) from error
    return plugin.HeifImageFile(file)


READERS: dict[str, tuple[re.Pattern[bytes], Callable[[BytesIO], Image.Image]]] = {
    "PNG": (re.compile(rb"\x89PNG\r\n\x1a\n"), PngImageFile),
    "JPEG": (re.compile(rb"\xff\xd8\xff"), JpegImageFile),
    "WebP": (re.compile(rb"RIFF....WEBP", re.DOTALL), WebPImageFile),
    "TIFF": (re.compile(rb"II[*+]\0|MM\0[*+]"), TiffImageFile),
    "BMP": (re.compile(rb"BM"), BmpImageFile),
    "GIF": (re.compile(rb"GIF8[79]a"), GifImageFile),
    "AVIF": (re.compile(rb".{4}ftyp(.{4}){0,16}?avi[fs]", re.DOTALL), AvifImageFile),
    "HEIC": (re.compile(rb".{4}ftyp(.{4}){0,16}?(hei[cxms]|hev[cxms]|mif1|msf1)", re.DOTALL), _open_heif),
}
"""First bytes and reader of each accepted format.

The readers are called directly: `PIL.Image.open` would apply its own pixel limit and know only registered plugins,
both globals of the process, and could not tell a damaged picture from a file that is none.
"""


def format_of(data: bytes) -> str:
    """Name the format by the first bytes.

    Raises:
        ImageError: If they do not belong to an accepted format.

    Example:
        >>> format_of(b"GIF89a")
        'GIF'
    """
    for name, (signature, _) in READERS.items():
        if signature.match(data):
            return name
    *most, last = READERS
    raise ImageError(f"This is not an image that can be read here; expected {', '.join(most)} or {last}.")
