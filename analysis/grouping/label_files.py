"""Label maps in files: what is common to human segmentations and to groups that somebody else made."""

import io
import warnings
import zipfile
from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np
from jaxtyping import Int
from PIL import Image, UnidentifiedImageError

from stvit.foreign_text import plain
from stvit.images import ImageLimits

MAX_UNPACKED = 2 * 2**30
"""Bytes of an NPZ's arrays, unpacked."""

LABEL_MODES = ("1", "L", "P", "I", "I;16", "I;16B")
"""Pillow's names of pictures of one number per pixel."""

LIMITS = ImageLimits(min_side=1)
"""Of label PNGs, which may be as small as a grid of tokens."""

Read = TypeVar("Read")


class LabelFileError(ValueError):
    """A file of labels that cannot be used; the message is one sentence."""


def read_by_suffix(suffix: str, data: bytes, readers: Mapping[str, Callable[[bytes], Read]], what: str) -> Read:
    """Read the bytes of a file with the reader of its suffix.

    Args:
        suffix: Such as ".png", in any case.
        data: The bytes.
        readers: By suffix.
        what: What the file should hold, such as "truth".

    Raises:
        LabelFileError: If the suffix is unknown, or the bytes are not a file of that kind.
    """
    if suffix.lower() not in readers:
        raise LabelFileError(f"A {what} is a file of {', '.join(readers)}, got {plain(repr(suffix))}.")
    try:
        return readers[suffix.lower()](data)
    except LabelFileError:
        raise
    except UnidentifiedImageError as error:  # its own words name an object in memory
        raise LabelFileError(f"The {what} cannot be read as {suffix}; save it again.") from error
    except Exception as error:  # parsers of files from elsewhere fail in more ways than anyone can list
        reason = f"{type(error).__name__}: {plain(error)}"
        raise LabelFileError(f"The {what} cannot be read as {suffix} ({reason}); save it again.") from error


def png_labels(data: bytes) -> tuple[np.ndarray, str]:
    """Return the numbers of a PNG's pixels and Pillow's name of its mode.

    Raises:
        LabelFileError: If its pixels are colours.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
            LIMITS.check_size(picture.height, picture.width)
            if picture.mode not in LABEL_MODES:
                raise LabelFileError(
                    f"This PNG holds colours ({picture.mode}), not labels; save the labels as a grey or palette PNG."
                )
            return np.array(picture), picture.mode


def npz_arrays(data: bytes) -> dict[str, np.ndarray]:
    """Return the arrays of an NPZ by name.

    Raises:
        LabelFileError: If they are too large.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
    if size > MAX_UNPACKED:
        raise LabelFileError(f"The arrays of this NPZ take {size:,} bytes, more than the limit of {MAX_UNPACKED:,}.")
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def label_map(array: object, wanted: str) -> Int[np.ndarray, "height width"]:
    """Return non-negative whole numbers as int64.

    Args:
        array: Whatever a file held.
        wanted: What the file may hold, such as "A truth holds label maps (height, width) of whole numbers".

    Raises:
        LabelFileError: If they are anything else.
    """
    if not isinstance(array, np.ndarray) or array.ndim != 2 or array.dtype.kind not in "biu" or not array.size:
        raise LabelFileError(f"{wanted}, got {described(array)}.")
    greatest = np.iinfo(np.int32).max
    if array.min() < 0 or array.max() > greatest:
        wrong = array.min() if array.min() < 0 else array.max()
        raise LabelFileError(f"Labels are whole numbers from 0 to {greatest:,}, got {wrong}; number the regions anew.")
    return array.astype(np.int64)


def described(array: object) -> str:
    """Return type and shape of what a file held, in words.

    Example:
        >>> described(np.zeros((2, 3)))
        'float64 of shape (2, 3)'
    """
    return f"{array.dtype} of shape {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
