"""Groupings of one picture side by side, at the number of super tokens of a block."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from jaxtyping import Float, Integer

from analysis.grouping.choices import Resolution
from analysis.grouping.label_maps import Image, Labels, upsample_labels
from analysis.grouping.methods import METHODS, Method, count_iterations
from analysis.grouping.overlap_scores import adjusted_rand_index
from analysis.grouping.scores import describe_segments
from analysis.grouping.tasks import Task, learned_labels, learned_weights, task_of
from analysis.grouping.truth import Truth
from analysis.grouping.truth_scores import soft_accuracies, truth_scores
from stvit import BlockRecord


@dataclass(frozen=True)
class Score:
    """What one column of the table of groupings says.

    Attributes:
        title: Heading.
        sentence: What it is, for people.
        whole: Whether it is a count.
    """

    title: str
    sentence: str
    whole: bool


SCORES = {
    "segments": Score("Segments", "Groups that own at least one token or pixel", whole=True),
    "empty": Score("Empty", "Super tokens of the grid that nobody belongs to", whole=True),
    "in_pieces": Score("In pieces", "Groups that are not connected (4 neighbours)", whole=True),
    "explained_variation": Score(
        "Explained variation",
        "Share of the colour variance that lies between groups (Moore 2008); higher is better",
        whole=False,
    ),
    "compactness": Score(
        "Compactness", "4 pi area / perimeter^2, weighted by area; a grid of squares has 0.785", whole=False
    ),
    "agreement": Score(
        "Agreement", "Adjusted Rand index with the learned super tokens: 1 if equal, 0 as by chance", whole=False
    ),
}
"""Columns of `describe_groupings` by name, besides those that name the grouping."""

TRUTH_COLUMNS = {
    "boundary_recall": Score(
        "Recall",
        "Share of people's boundaries that a boundary of the groups is near; long boundaries raise it",
        whole=False,
    ),
    "boundary_precision": Score(
        "Precision", "Share of the groups' boundaries that are near one of people's, who draw few", whole=False
    ),
    "undersegmentation_error": Score(
        "Undersegmentation",
        "Area of groups across people's regions (Neubert and Protzel 2012); lower is better",
        whole=False,
    ),
    "achievable_segmentation_accuracy": Score(
        "Accuracy", "Share of pixels that are right if each group takes its most frequent region", whole=False
    ),
    "achievable_segmentation_accuracy_best": Score(
        "Accuracy, best", "The same for the annotator for whom it is highest", whole=False
    ),
    "soft_accuracy": Score(
        "Soft accuracy", "The same with the weights of the association; leakage counts as wrong", whole=False
    ),
    "oracle_mean_iou": Score(
        "Mean IoU",
        "Mean over regions of the overlap over the union, if each group takes its most frequent region",
        whole=False,
    ),
}
"""Further columns where people's segmentations are known: means over annotators, at the resolution of the pixels."""

Weights: TypeAlias = tuple[Integer[np.ndarray, "rows columns k"], Float[np.ndarray, "rows columns k"]]
"""Groups of each token or pixel (-1 for none), and their weights."""


@dataclass(frozen=True, eq=False)
class Membership:
    """How much each token or pixel belongs to one group.

    Attributes:
        kind: Of the grouping.
        title: Of the grouping.
        group: Its number.
        weights: Shape (H, W), 0 to 1.
    """

    kind: str
    title: str
    group: int
    weights: Float[np.ndarray, "height width"]


@dataclass(frozen=True, eq=False)
class Grouping:
    """One way to group the tokens or pixels of a picture.

    Attributes:
        kind: Name of the method, or of the change that made it.
        title: Heading.
        labels: Group of each token or pixel, shape (H, W).
        weights: Soft association, where the method has one.
    """

    kind: str
    title: str
    labels: Labels
    weights: Weights | None = None

    def level(self, record: BlockRecord) -> Resolution:
        """Return what was grouped, the tokens of a block or the pixels; only groupings of one level compare fairly."""
        return "token" if self.labels.shape == (record.grid.height, record.grid.width) else "pixel"

    def membership(self, row: float, column: float) -> Membership | None:
        """Return the soft membership in the group at a place, None if the method has no soft association.

        Args:
            row: Place from the top of the picture, as a share of its height, 0 to 1.
            column: Place from the left, likewise.
        """
        if self.weights is None:
            return None
        height, width = self.labels.shape
        place = min(int(row * height), height - 1), min(int(column * width), width - 1)
        group, (index, weight) = int(self.labels[place]), self.weights
        return Membership(self.kind, self.title, group, np.where(index == group, weight, 0).sum(axis=-1))


def grouping_of(
    method: Method,
    shown: Image,
    record: BlockRecord,
    *,
    on: Resolution = "token",
    iterations: int | None = None,
    own: int | None = None,
) -> Grouping:
    """Group a picture as finely as a block does; only the model's own grouping is called learned.

    Args:
        method: How.
        shown: The picture as the model saw it.
        record: The block.
        on: The resolution at which methods that do not use the model see the picture.
        iterations: Of the learned sampling; None takes the association that the block used.
        own: Number of sampling iterations that the model itself uses in this block.

    Raises:
        ValueError: If the resolution is unknown.
    """
    task = task_of(shown, record.grid, on, record, iterations)
    title = method.title
    if method.knows_model and iterations is not None and iterations != own:
        start = "Sampled" if method.name == "super" else method.title
        title = f"{start}, {count_iterations(iterations)} (model: {own})"
    labels = method.segment(task).labels
    soft = learned_weights(record, iterations) if method.name == "super" else _soft(method, task)
    return Grouping(method.name, title, labels, soft and _laid(soft, labels))


def _soft(method: Method, task: Task) -> tuple[np.ndarray, np.ndarray] | None:
    return None if method.associate is None else method.associate(task)


def _laid(soft: tuple[np.ndarray, np.ndarray], labels: Labels) -> Weights:
    """Return index and weight, a row for each token or pixel, in the order of the label map."""
    index, weight = (part.reshape(*labels.shape, -1) for part in soft)
    return index, weight


def describe_groupings(
    found: Sequence[Grouping], record: BlockRecord, shown: Image, truth: Truth | None = None
) -> pd.DataFrame:
    """Tabulate what can be said about each grouping, at the resolution of the pixels.

    Args:
        found: The groupings.
        record: The block whose super tokens they are held against.
        shown: The picture as the model saw it.
        truth: People's segmentations of it.

    Returns:
        Columns: grouping, method, level (token or pixel), the names of `SCORES` (the agreement is with the block's own
        super tokens), and with a truth those of `TRUTH_COLUMNS`.
    """
    own = upsample_labels(learned_labels(record), *shown.shape[:2])
    rows = [_described(grouping, record, shown, own) | _judged(grouping, truth) for grouping in found]
    return pd.DataFrame(rows)


def _described(grouping: Grouping, record: BlockRecord, shown: Image, own: Labels) -> dict[str, object]:
    labels = upsample_labels(grouping.labels, *shown.shape[:2])
    values = describe_segments(labels, shown)
    names_super_tokens = grouping.kind in METHODS and METHODS[grouping.kind].knows_model
    return {
        "grouping": grouping.title,
        "method": grouping.kind,
        "level": grouping.level(record),
        "segments": values.count,
        "empty": record.grid.num_super_tokens - values.count if names_super_tokens else 0,
        "in_pieces": values.disconnected,
        "explained_variation": values.explained_variation,
        "compactness": values.compactness,
        "agreement": adjusted_rand_index(labels, own),
    }


def _judged(grouping: Grouping, truth: Truth | None) -> dict[str, float]:
    """Return the scores against people, means over annotators; none without a truth."""
    if truth is None:
        return {}
    scores = pd.DataFrame(truth_scores(upsample_labels(grouping.labels, *truth.shape), truth))
    found = scores.mean().to_dict()
    found["achievable_segmentation_accuracy_best"] = scores["achievable_segmentation_accuracy"].max()
    soft = grouping.weights and soft_accuracies(*grouping.weights, truth)
    found["soft_accuracy"] = float(np.mean(soft)) if soft else math.nan
    return {name: float(found[name]) for name in TRUTH_COLUMNS}


def sampling_words(iterations: int, on: Resolution) -> list[str]:
    """Return how groupings were made, for captions."""
    return [f"iterations of the learned sampling: {iterations}", f"classical methods on {on}s"]


def grouping_arrays(found: Sequence[Grouping]) -> dict[str, np.ndarray]:
    """Return the labels of each grouping by its kind."""
    return {f"labels_{grouping.kind}": grouping.labels for grouping in found}
