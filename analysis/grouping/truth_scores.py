"""All scores of one label map against all annotators of a picture, from one contingency table and one pass for edges.

Each score is that of the function of the same name in `boundary_scores` or `overlap_scores`; what the annotators share
is computed once, and what does not depend on the label map was computed by `Truth.of`.
"""

import math
from collections.abc import Iterator

import numpy as np
import scipy
from jaxtyping import Float, Integer

from analysis.grouping.boundary_scores import widen
from analysis.grouping.label_maps import Labels, boundary_mask, check_labels, compact_labels, upsample_labels
from analysis.grouping.overlap import Overlap
from analysis.grouping.truth import UNLABELLED, Annotation, Truth

TRUTH_SCORES = (
    "boundary_recall",
    "boundary_precision",
    "mean_distance_to_edge",
    "undersegmentation_error",
    "corrected_undersegmentation_error",
    "achievable_segmentation_accuracy",
    "oracle_mean_iou",
    "adjusted_rand_index",
    "variation_of_information",
)
"""Names of the scores, in the order in which they are given."""


def truth_scores(labels: Labels, truth: Truth) -> list[dict[str, float]]:
    """Return the `TRUTH_SCORES` of a label map against each annotator.

    Raises:
        ValueError: If the labels are not a label map of the truth's shape.

    Example:
        >>> truth = Truth.of([np.array([[0, 0, 0, 1]])])
        >>> truth_scores(np.array([[0, 0, 1, 1]]), truth)[0]["achievable_segmentation_accuracy"]
        0.75
    """
    check_labels(labels)
    if labels.shape != truth.shape:
        raise ValueError(f"Labels of shape {labels.shape} do not lie on a truth of shape {truth.shape}.")
    return [
        dict(zip(TRUTH_SCORES, (*edges, *_overlap_scores(overlap)), strict=True))
        for edges, overlap in zip(_edge_scores(labels, truth), _overlaps(labels, truth), strict=True)
    ]


def soft_accuracies(
    index: Integer[np.ndarray, "grid_height grid_width k"],
    weight: Float[np.ndarray, "grid_height grid_width k"],
    truth: Truth,
) -> list[float]:
    """Return the `soft_achievable_segmentation_accuracy` of an association against each annotator.

    Pixels that an annotator left out count nowhere.

    Example:
        >>> soft_accuracies(np.array([[[0], [0]]]), np.array([[[1.0], [1.0]]]), Truth.of([np.array([[0, 1]])]))
        [0.5]
    """
    tokens = np.arange(index[..., 0].size).reshape(index.shape[:2])
    cells = int(truth.cell.max()) + 1
    entry, pairs = compact_labels(upsample_labels(tokens, *truth.shape).ravel() * cells + truth.cell)
    token, cell, pixels = pairs // cells, pairs % cells, np.bincount(entry)
    super_token = index.reshape(tokens.size, -1)[token]
    mass = weight.reshape(tokens.size, -1)[token] * pixels[:, None]
    real = super_token >= 0
    found = []
    for annotation in truth.annotations:
        region, regions = annotation.region_of[cell], len(annotation.classes)
        taken = real & (region != UNLABELLED)[:, None]
        code = super_token * regions + region[:, None]
        table = np.bincount(code[taken], mass[taken], (int(index.max()) + 1) * regions).reshape(-1, regions)
        found.append(float(table.max(axis=1).sum() / annotation.classes.sum()))
    return found


def _overlaps(labels: np.ndarray, truth: Truth) -> Iterator[Overlap]:
    """Yield the overlap with each annotator: the one with the cells of the truth, summed up by region."""
    segment, values = compact_labels(labels.ravel())
    cells = int(truth.cell.max()) + 1
    entry, pairs = compact_labels(segment * cells + truth.cell)
    pixels, segment_of, cell_of = np.bincount(entry), pairs // cells, pairs % cells
    for annotation in truth.annotations:
        yield _overlap(segment_of, annotation.region_of[cell_of], pixels, len(values), annotation)


def _overlap(
    segment: np.ndarray, region: np.ndarray, pixels: np.ndarray, count: int, annotation: Annotation
) -> Overlap:
    counted, regions = region != UNLABELLED, len(annotation.classes)
    entry, pairs = compact_labels(segment[counted] * regions + region[counted])
    shared = np.bincount(entry, pixels[counted]).astype(np.int64)
    of = pairs // regions
    return Overlap(of, pairs % regions, shared, np.bincount(of, shared, count).astype(np.int64), annotation.classes)


def _overlap_scores(overlap: Overlap) -> tuple[float, ...]:
    return (
        overlap.undersegmentation_error(),
        overlap.corrected_undersegmentation_error(),
        overlap.achievable_accuracy(),
        overlap.oracle_mean_iou(),
        overlap.adjusted_rand_index(),
        overlap.segment_entropy() + overlap.region_entropy(),
    )


def _edge_scores(labels: np.ndarray, truth: Truth) -> Iterator[tuple[float, float, float]]:
    """Yield recall, precision and mean distance to the edge for each annotator."""
    mask = boundary_mask(labels)
    near, edges = widen(mask, truth.tolerance).ravel(), np.flatnonzero(mask)
    distance = scipy.ndimage.distance_transform_edt(~mask).ravel() if len(edges) else np.full(labels.size, math.nan)
    for annotation in truth.annotations:
        found, false = int(near[annotation.boundary].sum()), int((~annotation.excused[edges]).sum())
        yield (
            found / len(annotation.boundary) if len(annotation.boundary) else math.nan,
            found / (found + false) if found + false else math.nan,
            float(distance[annotation.boundary].mean()) if len(annotation.boundary) else math.nan,
        )
