"""The human segmentations of one picture, prepared once so that many label maps can be scored against it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int, Integer

from analysis.grouping.boundary_scores import default_tolerance, widen
from analysis.grouping.label_maps import Labels, boundary_mask, check_labels, check_same_shape, compact_labels

UNLABELLED = -1
"""Region of the pixels that an annotator left out."""


@dataclass(frozen=True, eq=False)
class Annotation:
    """The regions of one annotator.

    Attributes:
        region_of: Region of each cell of the truth, `UNLABELLED` where there is none.
        boundary: Pixels on a boundary between two regions, as positions in the flattened picture.
        excused: Pixels where a segment boundary is no false alarm: near a boundary of the regions, or unlabelled.
        classes: Regions, pixels of each.
    """

    region_of: Int[np.ndarray, " cells"]
    boundary: Int[np.ndarray, " boundary"]
    excused: Bool[np.ndarray, " pixels"]
    classes: Int[np.ndarray, " regions"]


@dataclass(frozen=True, eq=False)
class Truth:
    """The annotators of one picture.

    Attributes:
        shape: Height and width of the picture.
        tolerance: r of the boundary scores, in pixels.
        cell: Cell of each pixel, flattened: two pixels share a cell if all annotators give both the same region.
        annotations: One for each annotator, in the order of the file.
    """

    shape: tuple[int, int]
    tolerance: int
    cell: Int[np.ndarray, " pixels"]
    annotations: tuple[Annotation, ...]

    @classmethod
    def of(cls, maps: Sequence[Labels], ignore: int | None = None, tolerance: int | None = None) -> "Truth":
        """Prepare the label maps of the annotators.

        Args:
            maps: One of each annotator, all of one shape.
            ignore: Label whose pixels are ignored; None if there is none.
            tolerance: r of the boundary scores in pixels; None takes `default_tolerance`.

        Raises:
            ValueError: If there is no map, a map is none, shapes differ, or an annotator labelled nothing.

        Example:
            >>> truth = Truth.of([np.array([[0, 0, 1]]), np.array([[0, 1, 1]])])
            >>> len(truth.annotations), truth.cell
            (2, array([0, 1, 2]))
        """
        if not maps:
            raise ValueError("A truth needs the label map of at least one annotator, got none.")
        for labels in maps:
            check_labels(labels)
            check_same_shape(labels, maps[0], "those of the first annotator")
        regions = [_regions(labels, ignore) for labels in maps]
        cell, count = regions[0] + 1, int(regions[0].max()) + 2
        for region in regions[1:]:
            cell, values = compact_labels(cell * (int(region.max()) + 2) + region + 1)
            count = len(values)
        radius = default_tolerance(*maps[0].shape) if tolerance is None else tolerance
        annotations = tuple(_annotation(region, cell, count, radius) for region in regions)
        height, width = maps[0].shape
        return cls((height, width), radius, cell.ravel(), annotations)


def _regions(labels: Integer[np.ndarray, "height width"], ignore: int | None) -> Int[np.ndarray, "height width"]:
    """Return regions numbered from 0 without gaps, `UNLABELLED` where a pixel is to be ignored.

    Raises:
        ValueError: If every pixel is.
    """
    if ignore is None or not (labels == ignore).any():
        return compact_labels(labels)[0]
    counted = labels != ignore
    if not counted.any():
        raise ValueError(f"An annotator labelled nothing: every pixel is {ignore}, the label to ignore.")
    regions = np.full(labels.shape, UNLABELLED, dtype=np.int64)
    regions[counted] = compact_labels(labels[counted])[0]
    return regions


def _annotation(region: np.ndarray, cell: np.ndarray, count: int, radius: int) -> Annotation:
    region_of = np.full(count, UNLABELLED, dtype=np.int64)
    region_of[cell.ravel()] = region.ravel()
    counted = region != UNLABELLED
    boundary = boundary_mask(region, counted)
    return Annotation(
        region_of,
        np.flatnonzero(boundary),
        (widen(boundary, radius) | ~counted).ravel(),
        np.bincount(region[counted]),
    )
