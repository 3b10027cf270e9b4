"""Label maps (one whole number per pixel): checks, sizes, boundaries, components and neighbours.

A label map may have any resolution: that of the image or that of a token grid. Labels need not be consecutive,
so that super token 17 is called 17 whether or not super token 16 won any token.
"""

from typing import TypeAlias

import numpy as np
from jaxtyping import Bool, Int, Integer, Real, Shaped, UInt8
from skimage import measure

Labels: TypeAlias = Integer[np.ndarray, "height width"]
Reference: TypeAlias = Integer[np.ndarray, "reference_height reference_width"]
Features: TypeAlias = Real[np.ndarray, "image_height image_width channels"]
Number: TypeAlias = int | float | np.number
Image: TypeAlias = UInt8[np.ndarray, "image_height image_width 3"]


def check_image(image: np.ndarray) -> None:
    """Refuse what is not an RGB image of bytes.

    Raises:
        ValueError: If the array is not (height, width, 3) of uint8, or is empty.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
        raise ValueError(
            f"An RGB image of shape (height, width, 3) and type uint8 is needed, got shape {image.shape} and type "
            f"{image.dtype}; convert it to bytes in three channels first."
        )


def check_labels(labels: np.ndarray) -> None:
    """Refuse what is not a map of labels.

    Raises:
        ValueError: If the array is not (height, width) of whole numbers of at least 0, or is empty.
    """
    if labels.ndim != 2 or labels.dtype.kind not in "iu" or labels.size == 0:
        raise ValueError(
            f"A label map of shape (height, width) with whole numbers is needed, got shape {labels.shape} and "
            f"type {labels.dtype}; pass one image at a time."
        )
    if labels.min() < 0:
        raise ValueError(
            f"Labels must be at least 0, got {labels.min()}; give pixels without a label one of their own."
        )


def check_same_shape(labels: np.ndarray, other: np.ndarray, name: str) -> None:
    """Refuse a label map that does not lie on the other array pixel by pixel.

    Raises:
        ValueError: If height or width differ.
    """
    if labels.shape != other.shape[:2]:
        raise ValueError(
            f"Labels and {name} must have the same height and width, got {labels.shape} and {other.shape[:2]}; "
            "bring the labels to that size with upsample_labels first."
        )


def grid_labels(height: int, width: int, rows: int, columns: int) -> Int[np.ndarray, "height width"]:
    """Cut a rectangle into rows x columns cells whose sides differ by at most one, numbered row by row.

    Raises:
        ValueError: If there are more rows or columns than pixels, or fewer than one.

    Example:
        >>> grid_labels(2, 4, rows=1, columns=2)
        array([[0, 0, 1, 1],
               [0, 0, 1, 1]])
    """
    for name, parts, size in (("rows", rows, height), ("columns", columns, width)):
        if not 1 <= parts <= size:
            raise ValueError(
                f"A grid on {height} x {width} needs 1 to {size} {name}, got {parts}; "
                "every cell must hold at least one pixel."
            )
    row = np.arange(height) * rows // height
    column = np.arange(width) * columns // width
    return row[:, None] * columns + column


def compact_labels(
    labels: Integer[np.ndarray, "*shape"],
) -> tuple[Int[np.ndarray, "*shape"], Integer[np.ndarray, " values"]]:
    """Renumber labels to 0 ... count - 1 in increasing order.

    Args:
        labels: Whole numbers of at least 0, any shape.

    Returns:
        The renumbered labels, same shape, and the old label of each new one.

    Example:
        >>> compact_labels(np.array([5, 9, 5]))
        (array([0, 1, 0]), array([5, 9]))
    """
    highest = int(labels.max())
    if highest > 8 * labels.size + 1024:  # a table over all values would be mostly empty
        values, compact = np.unique(labels, return_inverse=True)
        return compact.reshape(labels.shape).astype(np.int64), values
    present = np.zeros(highest + 1, dtype=bool)
    present[labels.ravel()] = True
    return (np.cumsum(present) - 1)[labels], np.flatnonzero(present)


def nearest_indices(size: int, target: int) -> Int[np.ndarray, " target"]:
    """Return for each of `target` positions along an axis the one of `size` that covers its centre.

    Raises:
        ValueError: If the target is smaller than the size.

    Example:
        >>> nearest_indices(2, 4)
        array([0, 0, 1, 1])
    """
    if target < size:
        raise ValueError(f"Nearest upsampling from {size} to {target} would lose positions; ask for at least {size}.")
    return (2 * np.arange(target) + 1) * size // (2 * target)


def upsample_nearest(values: Shaped[np.ndarray, "h w *rest"], height: int, width: int) -> Shaped[np.ndarray, "..."]:
    """Enlarge an array by repeating its values, shape (height, width, ...); no value is mixed with another.

    Raises:
        ValueError: If the new size is smaller than the old one.

    Example:
        >>> upsample_nearest(np.array([[0.5, 1.5]]), 1, 4)
        array([[0.5, 0.5, 1.5, 1.5]])
    """
    if values.shape[:2] == (height, width):
        return values
    rows = nearest_indices(values.shape[0], height)
    columns = nearest_indices(values.shape[1], width)
    return values[rows[:, None], columns]


def upsample_labels(labels: Labels, height: int, width: int) -> Integer[np.ndarray, "target_height target_width"]:
    """Enlarge a label map to (height, width) by repeating labels, each pixel taking the token under its centre.

    Raises:
        ValueError: If the labels are not a label map or are larger than the new size.

    Example:
        >>> upsample_labels(np.array([[0, 1]]), 2, 4)
        array([[0, 0, 1, 1],
               [0, 0, 1, 1]])
    """
    check_labels(labels)
    return upsample_nearest(labels, height, width)


def boundary_mask(
    labels: Labels, counted: Bool[np.ndarray, "height width"] | None = None
) -> Bool[np.ndarray, "height width"]:
    """Return the pixels that differ from any of their 4 neighbours (both sides of an edge count).

    Source: Stutz et al. 2018 (arXiv 1612.01601), superpixel benchmark.

    Args:
        labels: Label map, shape (height, width).
        counted: Pixels that have a label; no edge runs between one that has and one that has none. None means all.

    Example:
        >>> boundary_mask(np.array([[0, 0, 1, 1]]))
        array([[False,  True,  True, False]])
    """
    mask = np.zeros(labels.shape, dtype=bool)
    for axis in (0, 1):
        edge = np.diff(labels, axis=axis) != 0  # wraps for unsigned types, but only to a number that is not 0
        first, second = [slice(None)] * 2, [slice(None)] * 2
        first[axis], second[axis] = slice(None, -1), slice(1, None)
        if counted is not None:
            edge &= counted[tuple(first)] & counted[tuple(second)]
        mask[tuple(first)] |= edge
        mask[tuple(second)] |= edge
    return mask


def connected_labels(labels: Labels) -> Int[np.ndarray, "height width"]:
    """Give each 4-connected component of each label a separate label, from 0, row by row.

    Example:
        >>> connected_labels(np.array([[0, 1, 0]]))
        array([[0, 1, 2]])
    """
    check_labels(labels)
    compact, _ = compact_labels(labels)
    return measure.label(compact, connectivity=1, background=-1).astype(np.int64) - 1


def neighbour_pairs(labels: Labels, *, diagonal: bool = False) -> Integer[np.ndarray, "pairs 2"]:
    """Return the pairs of different labels that touch, each once, the smaller first, sorted.

    Args:
        labels: Label map, shape (height, width).
        diagonal: Whether touching at a corner counts.

    Example:
        >>> neighbour_pairs(np.array([[0, 1, 2]]))
        array([[0, 1],
               [1, 2]])
    """
    check_labels(labels)
    compact, values = compact_labels(labels)
    shifts = [(compact[:, :-1], compact[:, 1:]), (compact[:-1], compact[1:])]
    if diagonal:
        shifts += [(compact[:-1, :-1], compact[1:, 1:]), (compact[:-1, 1:], compact[1:, :-1])]
    first, second = (np.concatenate([shift[side][shift[0] != shift[1]] for shift in shifts]) for side in (0, 1))
    codes = np.unique(np.minimum(first, second) * len(values) + np.maximum(first, second))
    return values[np.stack([codes // len(values), codes % len(values)], axis=1)]
