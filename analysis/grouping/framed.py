"""Label maps of an original picture, laid where the prepared picture lies."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Integer

from analysis.grouping.label_files import LabelFileError
from analysis.grouping.label_maps import Labels, compact_labels
from stvit.images import Framing


def framed_labels(labels: Labels, framing: Framing) -> Integer[np.ndarray, "shown_height shown_width"]:
    """Resize and crop a label map as its picture was, each pixel taking the label under its centre.

    Args:
        labels: Of the original picture's size.
        framing: How the picture was prepared.

    Raises:
        ValueError: If the labels have another size than the original picture.

    Example:
        >>> framed_labels(np.array([[0, 1]]), Framing((1, 2), (2, 4), (0, 1), (2, 2)))
        array([[0, 1],
               [0, 1]])
    """
    check_size_among(labels.shape, {"the picture": framing.original})
    rows, columns = (
        (np.arange(size) + corner + 0.5) * original // resized
        for size, corner, original, resized in zip(
            framing.size, framing.corner, framing.original, framing.resized, strict=True
        )
    )
    return labels[rows.astype(np.int64)[:, None], columns.astype(np.int64)]


def majority_labels(labels: Labels, height: int, width: int) -> Integer[np.ndarray, "token_rows token_columns"]:
    """Give each token the label that most of its pixels have; of equally frequent ones the smallest.

    A pixel belongs to the token that its centre lies in.

    Args:
        labels: Label map, shape (H, W).
        height: Rows of tokens, at most H.
        width: Columns of tokens, at most W.

    Example:
        >>> majority_labels(np.array([[0, 0, 1, 2], [0, 1, 2, 2]]), 1, 2)
        array([[0, 2]])
    """
    rows, columns = (
        (2 * np.arange(size) + 1) * tokens // (2 * size)
        for size, tokens in zip(labels.shape, (height, width), strict=True)
    )
    token = (rows[:, None] * width + columns).ravel()
    segment, values = compact_labels(labels.ravel())
    code, pixels = np.unique(token * len(values) + segment, return_counts=True)
    order = np.lexsort((code, -pixels, code // len(values)))
    first = order[np.unique(code[order] // len(values), return_index=True)[1]]
    return values[code[first] % len(values)].reshape(height, width)


def check_size_among(shape: Sequence[int], sizes: dict[str, tuple[int, int]]) -> None:
    """Refuse a label map whose size is none of those that it may have.

    Args:
        shape: Height and width.
        sizes: Height and width by what has them, in words.

    Raises:
        LabelFileError: If it is none of them; the message names them all.
    """
    if tuple(shape) not in sizes.values():
        possible = " or ".join(f"{name} ({height} x {width})" for name, (height, width) in sizes.items())
        raise LabelFileError(
            f"The label map is {shape[0]} x {shape[1]} (height x width); it must have the size of {possible}."
        )
