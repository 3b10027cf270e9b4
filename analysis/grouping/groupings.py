"""Groupings of one picture side by side, at the number of super tokens of a block."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.grouping.choices import Resolution
from analysis.grouping.label_maps import Image, Labels, upsample_labels
from analysis.grouping.methods import METHODS, Method, count_iterations
from analysis.grouping.overlap_scores import adjusted_rand_index
from analysis.grouping.scores import describe_segments
from analysis.grouping.tasks import learned_labels, task_of
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
"""Columns of `describe_groupings` by name, besides the grouping itself."""


@dataclass(frozen=True, eq=False)
class Grouping:
    """One way to group the tokens or pixels of a picture.

    Attributes:
        kind: Name of the method, or of the change that made it.
        title: Heading.
        labels: Group of each token or pixel, shape (H, W).
    """

    kind: str
    title: str
    labels: Labels


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
    return Grouping(method.name, title, method.segment(task).labels)


def describe_groupings(found: Sequence[Grouping], record: BlockRecord, shown: Image) -> pd.DataFrame:
    """Tabulate what can be said about each grouping, at the resolution of the pixels.

    Returns:
        Columns: grouping, and the names of `SCORES`; the agreement is with the block's own super tokens.
    """
    height, width = shown.shape[:2]
    own = upsample_labels(learned_labels(record), height, width)
    rows = []
    for grouping in found:
        labels = upsample_labels(grouping.labels, height, width)
        values = describe_segments(labels, shown)
        names_super_tokens = grouping.kind in METHODS and METHODS[grouping.kind].knows_model
        rows.append(
            {
                "grouping": grouping.title,
                "segments": values.count,
                "empty": record.grid.num_super_tokens - values.count if names_super_tokens else 0,
                "in_pieces": values.disconnected,
                "explained_variation": values.explained_variation,
                "compactness": values.compactness,
                "agreement": adjusted_rand_index(labels, own),
            }
        )
    return pd.DataFrame(rows)


def grouping_arrays(found: Sequence[Grouping]) -> dict[str, np.ndarray]:
    """Return the labels of each grouping by its kind."""
    return {f"labels_{grouping.kind}": grouping.labels for grouping in found}
