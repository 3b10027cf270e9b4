"""Files of human segmentations: BSDS500 (.mat), label pictures (.png), label maps or instance masks (.npz)."""

import io
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int
from PIL import Image
from scipy.io import loadmat

from analysis.grouping.label_maps import Labels
from stvit.foreign_text import plain
from stvit.images import DEFAULT_LIMITS

MAX_UNPACKED = 2 * 2**30
"""Bytes of an NPZ's arrays, unpacked."""

LABEL_MODES = ("1", "L", "P", "I", "I;16", "I;16B")
"""Pillow's names of pictures of one number per pixel."""

IGNORING_MODES = ("L", "P")
"""Those of 8 bits, in which data sets mark pixels to ignore; with more bits the number may be a region."""


class TruthError(ValueError):
    """A file of human segmentations that cannot be used; the message is one sentence."""


@dataclass(frozen=True, eq=False)
class TruthMaps:
    """What a file holds.

    Attributes:
        maps: Label map of each annotator.
        may_ignore: Whether one of the labels may mean that a pixel is to be ignored.
    """

    maps: list[Labels]
    may_ignore: bool = False


def read_truth(suffix: str, data: bytes) -> TruthMaps:
    """Read the bytes of a file according to its suffix.

    Raises:
        TruthError: If the suffix is unknown, or the bytes are not a file of that kind.
    """
    if suffix.lower() not in READERS:
        raise TruthError(f"A truth is a file of {', '.join(READERS)}, got {plain(repr(suffix))}.")
    try:
        return READERS[suffix.lower()](data)
    except TruthError:
        raise
    except Exception as error:  # parsers of files from elsewhere fail in more ways than anyone can list
        kind = type(error).__name__
        raise TruthError(f"The truth cannot be read as {suffix} ({kind}: {plain(error)}); save it again.") from error


def labels_of_masks(masks: Bool[np.ndarray, "instances height width"]) -> Int[np.ndarray, "height width"]:
    """Return one label map of instance masks: 0 where there is none, k + 1 for mask k, small ones over large ones."""
    labels = np.zeros(masks.shape[1:], dtype=np.int64)
    for number in np.argsort(-masks.sum(axis=(1, 2)), kind="stable"):
        labels[masks[number]] = number + 1
    return labels


def _read_bsds(data: bytes) -> TruthMaps:
    """Read the Segmentation of each annotator; the rest of the file is ignored."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about other variables of the file
        found = loadmat(io.BytesIO(data), variable_names=["groundTruth"]).get("groundTruth")
    if found is None or found.dtype != object:
        raise TruthError("This .mat file holds no groundTruth cells as those of BSDS500 do.")
    maps = []
    for entry in found.ravel():
        names = getattr(entry, "dtype", np.dtype(float)).names or ()
        if "Segmentation" not in names:
            raise TruthError("An annotator of this .mat file has no Segmentation.")
        maps.append(_label_map(entry["Segmentation"].ravel()[0]))
    return TruthMaps(maps)


def _read_png(data: bytes) -> TruthMaps:
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
            DEFAULT_LIMITS.check_size(picture.height, picture.width)
            if picture.mode not in LABEL_MODES:
                raise TruthError(
                    f"This PNG holds colours ({picture.mode}), not labels; save the labels as a grey or palette PNG."
                )
            return TruthMaps([_label_map(np.array(picture))], picture.mode in IGNORING_MODES)


def _read_npz(data: bytes) -> TruthMaps:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
    if size > MAX_UNPACKED:
        raise TruthError(f"The arrays of this NPZ take {size:,} bytes, more than the limit of {MAX_UNPACKED:,}.")
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        maps = [_of_array(arrays[name]) for name in arrays.files]
    return TruthMaps(maps)


def _of_array(array: np.ndarray) -> Labels:
    if array.ndim == 3 and (array.dtype == bool or (array.dtype.kind in "iu" and set(np.unique(array)) <= {0, 1})):
        return labels_of_masks(array.astype(bool))
    return _label_map(array)


def _label_map(array: object) -> Labels:
    """Return non-negative whole numbers as int64.

    Raises:
        TruthError: If they are anything else.
    """
    if not isinstance(array, np.ndarray) or array.ndim != 2 or array.dtype.kind not in "biu" or not array.size:
        found = f"{array.dtype} of shape {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
        raise TruthError(
            f"A truth holds label maps (height, width) of whole numbers, or masks (instances, height, width), got "
            f"{found}."
        )
    if array.min() < 0 or array.max() > np.iinfo(np.int32).max:
        raise TruthError(f"Labels of a truth are from 0 to {np.iinfo(np.int32).max:,}, got {array.min()}.")
    return array.astype(np.int64)


READERS: dict[str, Callable[[bytes], TruthMaps]] = {".mat": _read_bsds, ".png": _read_png, ".npz": _read_npz}
"""What reads each kind of file."""
