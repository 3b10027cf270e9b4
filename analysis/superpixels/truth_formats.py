"""Files of human segmentations: BSDS500 (.mat), label pictures (.png), label maps or instance masks (.npz)."""

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy
from jaxtyping import Bool, Int

from analysis.grouping.label_files import LabelFileError, label_map, npz_arrays, png_labels, read_by_suffix
from analysis.grouping.label_maps import Labels

WANTED = "A truth holds label maps (height, width) of whole numbers, or masks (instances, height, width)"

IGNORING_MODES = ("L", "P")
"""Those of 8 bits, in which datasets mark pixels to ignore; with more bits the number may be a region."""


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
        LabelFileError: If the suffix is unknown, or the bytes are not a file of that kind.
    """
    return read_by_suffix(suffix, data, READERS, "truth")


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
        found = scipy.io.loadmat(io.BytesIO(data), variable_names=["groundTruth"]).get("groundTruth")
    if found is None or found.dtype != object:
        raise LabelFileError("This .mat file holds no groundTruth cells as those of BSDS500 do.")
    maps = []
    for entry in found.ravel():
        names = getattr(entry, "dtype", np.dtype(float)).names or ()
        if "Segmentation" not in names:
            raise LabelFileError("An annotator of this .mat file has no Segmentation.")
        maps.append(label_map(entry["Segmentation"].ravel()[0], WANTED))
    return TruthMaps(maps)


def _read_png(data: bytes) -> TruthMaps:
    labels, mode = png_labels(data)
    return TruthMaps([label_map(labels, WANTED)], mode in IGNORING_MODES)


def _read_npz(data: bytes) -> TruthMaps:
    return TruthMaps([_of_array(array) for array in npz_arrays(data).values()])


def _of_array(array: np.ndarray) -> Labels:
    if array.ndim == 3 and (array.dtype == bool or (array.dtype.kind in "iu" and set(np.unique(array)) <= {0, 1})):
        return labels_of_masks(array.astype(bool))
    return label_map(array, WANTED)


READERS: dict[str, Callable[[bytes], TruthMaps]] = {".mat": _read_bsds, ".png": _read_png, ".npz": _read_npz}
"""What reads each kind of file."""
