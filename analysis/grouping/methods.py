"""Groupings of a picture to lay side by side, at equal count: grid, learned, classical superpixels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from analysis.grouping.label_maps import Image, Labels, upsample_labels
from analysis.grouping.overlap_scores import adjusted_rand_index
from analysis.grouping.scores import describe_segments
from analysis.grouping.superpixels import felzenszwalb_labels, slic_labels, soft_kmeans_labels, token_image
from stvit import BlockRecord, TokenGrid, associate

Resolution = Literal["token", "pixel"]
"""Whether the classical methods see the picture averaged over tokens, or every pixel."""

METHODS = {
    "grid": "Regular grid",
    "super": "Learned super tokens",
    "slic": "SLIC",
    "felzenszwalb": "Felzenszwalb",
    "soft_kmeans": "Soft k-means",
}
"""What can be compared; keys are those of the colours in `analysis.figures.style`."""


@dataclass(frozen=True, eq=False)
class Grouping:
    """One way to group the tokens or pixels of a picture.

    Attributes:
        kind: Key of its colour in `analysis.figures.style`.
        title: Heading.
        labels: Group of each token or pixel, shape (H, W).
    """

    kind: str
    title: str
    labels: Labels


def learned_labels(record: BlockRecord, iterations: int) -> Labels:
    """Return the super token of each token after some iterations of the sampling, shape (H, W).

    Args:
        record: The block; the sampling runs on the tokens that it received.
        iterations: 0 gives the grid.
    """
    association = associate(record.tokens[:1], record.grid, iterations).to_sparse()
    return association.labels()[0].reshape(record.grid.height, record.grid.width).numpy(force=True)


def learned_grouping(record: BlockRecord, iterations: int, own: int) -> Grouping:
    """Return the grouping after some iterations of the sampling, named so that only the model's own is called learned.

    Args:
        record: The block.
        iterations: 0 gives the grid.
        own: How many the model itself uses in this block.
    """
    title = METHODS["super"] if iterations == own else f"Sampled, {count_iterations(iterations)} (model: {own})"
    return Grouping("super", title, learned_labels(record, iterations))


def classical_labels(method: str, shown: Image, grid: TokenGrid, on: Resolution) -> Labels:
    """Return the groups of a method that knows no model, as many as there are super tokens.

    Args:
        method: "grid", "slic", "felzenszwalb" or "soft_kmeans".
        shown: The picture as the model saw it.
        grid: Layout of tokens and super tokens.
        on: What the method sees; the grid is always that of the tokens.
    """
    if method == "grid":  # the model's own cells, which differ from balanced ones where padding is needed
        return grid.cell_index.reshape(grid.height, grid.width).numpy(force=True)
    image = token_image(shown, grid.height, grid.width) if on == "token" else shown
    if method == "soft_kmeans":
        return soft_kmeans_labels(image, grid.rows, grid.columns).labels
    segment = slic_labels if method == "slic" else felzenszwalb_labels
    return segment(image, grid.num_super_tokens).labels


def describe_groupings(found: Sequence[Grouping], record: BlockRecord, shown: Image) -> pd.DataFrame:
    """Tabulate what can be said about each grouping, at the resolution of the pixels.

    Returns:
        Columns: grouping, segments, empty, in pieces, explained variation, compactness, agreement (adjusted Rand
        index with the block's own super tokens).
    """
    height, width = shown.shape[:2]
    own = upsample_labels(record.labels()[0].numpy(force=True), height, width)
    rows = []
    for grouping in found:
        labels = upsample_labels(grouping.labels, height, width)
        values = describe_segments(labels, shown)
        rows.append(
            {
                "grouping": grouping.title,
                "segments": values.count,
                "empty": record.grid.num_super_tokens - values.count if grouping.kind == "super" else 0,
                "in pieces": values.disconnected,
                "explained variation": values.explained_variation,
                "compactness": values.compactness,
                "agreement": adjusted_rand_index(labels, own),
            }
        )
    return pd.DataFrame(rows)


def grouping_arrays(found: Sequence[Grouping]) -> dict[str, np.ndarray]:
    """Return the labels of each grouping by its kind."""
    return {f"labels_{grouping.kind}": grouping.labels for grouping in found}


def count_iterations(count: int) -> str:
    """Return a number of iterations in words: 1 iteration, 2 iterations."""
    return f"{count} iteration{'' if count == 1 else 's'}"
