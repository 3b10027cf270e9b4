"""Groups that somebody else made, from a file: a label map, or an association of tokens to groups.

PNG: the label of each pixel (grey or palette). NPZ: a label map (H, W) of whole numbers; or an association (N, k), the
weight of each of k groups for each token, row by row; or two arrays `index` and `weight` (N, k), the groups of each
token (-1 for none) and their weights. Rows of weights sum to 1.
"""

from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import PurePath
from typing import TypeAlias

import numpy as np
from jaxtyping import Float, Int

from analysis.grouping.framed import check_size_among, framed_labels, majority_labels
from analysis.grouping.label_files import LabelFileError, described, label_map, npz_arrays, png_labels, read_by_suffix
from analysis.grouping.label_maps import Labels, compact_labels
from analysis.grouping.methods import Method
from analysis.grouping.segmentation import Segmentation
from analysis.grouping.tasks import Task
from stvit.foreign_text import plain
from stvit.images import Framing

NAME = "foreign"
"""What commands, addresses and files call the method and the change."""

COLOUR = "#CC6677"

SENTENCE = "Groups from a file of yours."

WANTED = (
    "A file of groups holds a label map (height, width) of whole numbers, weights (tokens, groups), or index and "
    "weight (tokens, k)"
)

TOLERANCE = 1e-3
"""A row of weights may miss the sum of 1 by so much: what rounding to half precision costs."""

NO_GROUP = -1
"""In an index: a group that does not exist, whose weight is lost, as of a neighbour outside the grid."""

LONGEST_NAME = 40
"""Characters of a file's name in headings."""

Weights: TypeAlias = tuple[Int[np.ndarray, "tokens k"], Float[np.ndarray, "tokens k"]]
"""Groups of each token, -1 for none, and their weights."""


@dataclass(frozen=True, eq=False)
class ForeignGroups:
    """What a file of groups holds: either labels or weights.

    Attributes:
        name: Name of the file.
        labels: Label map of the picture, of what the model sees, or of the tokens.
        weights: Association of the tokens.
        digest: Of its name and bytes, for cache keys; empty if there is no file.
    """

    name: str
    labels: Labels | None = None
    weights: Weights | None = None
    digest: str = ""

    @property
    def title(self) -> str:
        """What people call it."""
        return f"From file: {plain(self.name, limit=LONGEST_NAME)}"


def read_groups(name: str, data: bytes) -> ForeignGroups:
    """Read a file of groups.

    Args:
        name: Its name; the ending says what kind it is.
        data: Its bytes.

    Raises:
        LabelFileError: If it holds no groups; the message is one sentence.
    """
    readers = {".npz": _read_npz, ".png": lambda data: label_map(png_labels(data)[0], WANTED)}
    found = read_by_suffix(PurePath(name).suffix, data, readers, "file of groups")
    labels, weights = (None, found) if isinstance(found, tuple) else (found, None)
    return ForeignGroups(name, labels, weights, sha256(name.encode() + b"\0" + data).hexdigest())


def foreign_method(groups: ForeignGroups, framing: Framing) -> Method:
    """Return the method that gives these groups for one picture.

    Args:
        groups: Of a file.
        framing: How the picture was prepared.
    """
    soft = None if groups.weights is None else partial(_associate, groups.weights)
    return Method(NAME, groups.title, COLOUR, SENTENCE, partial(_segment, groups, framing), soft)


def _segment(groups: ForeignGroups, framing: Framing, task: Task) -> Segmentation:
    """Return a label map at the resolution of the task, or of the tokens if the file knows no more.

    Raises:
        LabelFileError: If sizes differ, or there are more groups than super tokens where that matters.
    """
    grid = task.grid
    if groups.weights is not None:
        index, weight = _associate(groups.weights, task)
        heaviest = np.where(index == NO_GROUP, -1.0, weight).argmax(axis=1)
        labels = np.take_along_axis(index, heaviest[:, None], axis=1).reshape(grid.height, grid.width)
    else:
        assert groups.labels is not None
        labels = _fitted(groups.labels, framing, task)
    compact, values = compact_labels(labels)
    if task.at_most:
        _check_count(len(values), task.count)
        labels = compact
    return Segmentation(labels, groups.title, len(values), {})


def _fitted(labels: Labels, framing: Framing, task: Task) -> np.ndarray:
    tokens = (task.grid.height, task.grid.width)
    sizes = {"the picture": framing.original, "what the model sees": framing.size, "the tokens": tokens}
    check_size_among(labels.shape, sizes)
    if labels.shape == tokens:
        return labels
    shown = labels if labels.shape == framing.size else framed_labels(labels, framing)
    return majority_labels(shown, *tokens) if task.size == tokens else shown


def _associate(weights: Weights, task: Task) -> Weights:
    index, _ = weights
    if len(index) != task.grid.num_tokens:
        raise LabelFileError(
            f"The association is of {len(index):,} tokens and this block has {task.grid.num_tokens:,} "
            f"({task.grid.height} x {task.grid.width}); give a row for each, or choose a block that has as many."
        )
    if task.at_most:
        _check_count(int(index.max()) + 1, task.count)
    return weights


def _check_count(groups: int, super_tokens: int) -> None:
    if groups > super_tokens:
        raise LabelFileError(
            f"The file has {groups:,} groups and this block only {super_tokens:,} super tokens to hold them; give at "
            "most as many."
        )


def _read_npz(data: bytes) -> np.ndarray | Weights:
    arrays = npz_arrays(data)
    if arrays.keys() == {"index", "weight"}:
        return _checked(arrays["index"], arrays["weight"])
    if len(arrays) != 1:
        names = ", ".join(plain(name, limit=30) for name in list(arrays)[:5]) or "none"
        raise LabelFileError(f"{WANTED}, got {len(arrays)} arrays ({names}).")
    (array,) = arrays.values()
    if array.ndim == 2 and array.size and array.dtype.kind == "f":
        return _checked(np.broadcast_to(np.arange(array.shape[1]), array.shape), array)
    return label_map(array, WANTED)


def _checked(index: np.ndarray, weight: np.ndarray) -> Weights:
    """Return an association.

    Raises:
        LabelFileError: If shapes, groups or weights are not those of one.
    """
    fits = index.ndim == 2 and index.shape == weight.shape and index.size
    if not fits or index.dtype.kind not in "iu" or weight.dtype.kind != "f":
        raise LabelFileError(f"{WANTED}, got index: {described(index)}, weight: {described(weight)}.")
    if index.min() < NO_GROUP or (index == NO_GROUP).all(axis=1).any():
        raise LabelFileError(
            "Groups of an index are numbered from 0, -1 stands for none, and each token needs one that exists; got "
            f"{'a token without any' if index.min() >= NO_GROUP else index.min()}."
        )
    _check_weights(weight)
    return index.astype(np.int64), weight.astype(np.float64)


def _check_weights(weight: np.ndarray) -> None:
    if not np.isfinite(weight).all():
        raise LabelFileError("The weights hold NaN or infinity; give finite weights whose rows sum to 1.")
    if weight.min() < 0:
        raise LabelFileError(f"Weights are at least 0, got {weight.min():.3g}; give weights whose rows sum to 1.")
    sums = weight.sum(axis=1, dtype=np.float64)
    worst = int(np.abs(sums - 1).argmax())
    if abs(sums[worst] - 1) > TOLERANCE:
        raise LabelFileError(
            f"Rows of weights must sum to 1, and row {worst} sums to {sums[worst]:.4g}; divide each row by its sum (or "
            "save labels as whole numbers)."
        )
