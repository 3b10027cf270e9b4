"""Pillow image or the bytes of a file -> upright 8-bit RGB, however a decoder fails on damaged bytes."""

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Literal

import numpy as np
from jaxtyping import UInt8
from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile

from stvit.images.colour import Alpha, to_rgb
from stvit.images.formats import READERS, format_of
from stvit.images.limits import ImageError, ImageLimits
from stvit.images.png import PNG_END, load_png
from stvit.images.tiff import repair_samples

Orientation = Literal["exif", "stored"]
"""Turn a picture upright as its EXIF says, or leave it as it is stored."""

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

TURNS_BACK = {**TURNS, 6: TURNS[8], 8: TURNS[6]}
"""The inverse of each."""

logging.getLogger("PIL").addHandler(logging.NullHandler())
"""Without a handler Python prints Pillow's remarks about damaged files, which end in an `ImageError` here."""

_QUIET = threading.Lock()


def decode_file(
    data: bytes, limits: ImageLimits, orientation: Orientation, alpha: Alpha
) -> UInt8[np.ndarray, "height width 3"]:
    """Decode the bytes of a picture file; see `load_image`.

    Raises:
        ImageError: If they are not a picture, or are one that cannot be used.
    """
    kind = format_of(data)
    with _explained(kind, limits), _quiet():
        picture = READERS[kind][1](BytesIO(data))
    array = decode_picture(picture, limits, orientation, alpha, kind)
    if kind == "PNG" and PNG_END not in data:
        raise _damaged(kind)
    return array


def decode_picture(
    picture: Image.Image, limits: ImageLimits, orientation: Orientation, alpha: Alpha, kind: str
) -> UInt8[np.ndarray, "height width 3"]:
    """Check the size, decode the pixels, convert them to RGB and turn them upright; see `load_image`.

    Raises:
        ImageError: If the picture cannot be used; `kind` is what the sentence calls it.
    """
    limits.check_size(picture.height, picture.width)
    with _explained(kind, limits):
        # Pillow turns TIFFs upright while it loads them.
        turned = picture.tag_v2.get(ExifTags.Base.Orientation, 1) if isinstance(picture, TiffImageFile) else 1
        _load(picture)
        array = to_rgb(picture, alpha)
        turn = TURNS.get(_exif_orientation(picture)) if orientation == "exif" else TURNS_BACK.get(turned)
    return array if turn is None else np.asarray(Image.fromarray(array).transpose(turn))


def _load(picture: Image.Image) -> None:
    """Decode the pixels."""
    if isinstance(picture, PngImageFile):
        load_png(picture)
    if isinstance(picture, TiffImageFile):
        repair_samples(picture)
        with _quiet():  # This reader parses metadata again while it loads.
            picture.load()
    picture.load()


def _exif_orientation(picture: Image.Image) -> int:
    """Return how the picture is stored, 1 for upright."""
    try:
        with _quiet():
            return picture.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # Damaged metadata can fail in any way, and says nothing about the pixels.
        return 1


@contextmanager
def _explained(kind: str, limits: ImageLimits) -> Iterator[None]:
    """Turn any failure of a decoder into one sentence."""
    try:
        yield
    except ImageError:
        raise
    except (Image.DecompressionBombError, MemoryError) as error:
        raise ImageError(
            f"This {kind} file claims more pixels than can be decoded safely, the limit is "
            f"{limits.max_pixels:,}; make the picture smaller first."
        ) from error
    except Exception as error:  # Damaged bytes can make the readers fail in any way.
        raise _damaged(kind) from error


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
