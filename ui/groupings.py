"""The groupings that Super tokens lays side by side, at equal count: grid, learned, classical superpixels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import streamlit as st
from PIL import Image

from analysis.render import colour_labels, draw_boundaries, mean_colours
from analysis.superpixels import (
    felzenszwalb_labels,
    slic_labels,
    soft_kmeans_labels,
    token_image,
)
from stvit import BlockRecord, TokenGrid, associate
from ui.view import View

Resolution = Literal["token", "pixel"]
Drawing = Literal["boundaries", "means", "labels"]

DRAWINGS: dict[Drawing, str] = {"boundaries": "Boundaries", "means": "Mean colours", "labels": "Labels"}

METHODS = {
    "grid": "Regular grid",
    "super": "Learned super tokens",
    "slic": "SLIC",
    "felzenszwalb": "Felzenszwalb",
    "soft_kmeans": "Soft k-means",
}
"""What can be compared; keys are those of the colours in `analysis.figures.style`."""

DISPLAY_SIDE = 672
"""Pictures are enlarged to about this short side first, so that lines stay thin and crisp."""


@dataclass(frozen=True)
class Grouping:
    """One way to group the tokens or pixels of a picture.

    Attributes:
        kind: Key of its colour in `analysis.figures.style`.
        title: Heading.
        labels: Group of each token or pixel.
    """

    kind: str
    title: str
    labels: np.ndarray


def groupings(
    view: View, record: BlockRecord, methods: Sequence[str], iterations: int, on: Resolution
) -> list[Grouping]:
    """Return groupings at the number of super tokens.

    Args:
        view: Picture and model.
        record: The block.
        methods: Keys of METHODS, in the order wanted.
        iterations: Of the learned sampling, on the tokens that the block received.
        on: Whether the classical methods see the picture averaged over tokens, or every pixel.
    """
    found = []
    for method in methods:
        if method == "super":
            association = associate(record.tokens[:1], record.grid, iterations).to_sparse()
            labels = association.labels()[0].reshape(record.grid.height, record.grid.width).numpy()
        else:
            picture = f"{view.picture.source.sha256}-{view.picture.framing}"
            labels = _classical(method, picture, record.grid, on, view.picture.shown)
        found.append(Grouping(method, METHODS[method], labels))
    return found


def draw(shown: np.ndarray, grouping: Grouping, drawing: Drawing) -> np.ndarray:
    """Return a picture of a grouping, enlarged for display, RGB bytes."""
    factor = max(1, round(DISPLAY_SIDE / min(shown.shape[:2])))
    size = (shown.shape[1] * factor, shown.shape[0] * factor)
    large = np.asarray(Image.fromarray(shown).resize(size, Image.Resampling.BICUBIC))
    if drawing == "boundaries":
        return draw_boundaries(large, grouping.labels, thickness=3)
    if drawing == "means":
        return mean_colours(large, grouping.labels)
    painted = Image.fromarray(colour_labels(grouping.labels)).resize(size, Image.Resampling.NEAREST)
    return np.asarray(painted)


@st.cache_data(max_entries=64, show_spinner="Finding superpixels ...")
def _classical(method: str, picture: str, grid: TokenGrid, on: Resolution, _shown: np.ndarray) -> np.ndarray:
    """Return the labels of a method that knows no model; the key names the picture by its hash and framing."""
    if method == "grid":  # the model's own cells, which differ from balanced ones where padding is needed
        return grid.cell_index.reshape(grid.height, grid.width).numpy()
    image = token_image(_shown, grid.height, grid.width) if on == "token" else _shown
    if method == "soft_kmeans":
        return soft_kmeans_labels(image, grid.rows, grid.columns).labels
    segment = slic_labels if method == "slic" else felzenszwalb_labels
    return segment(image, grid.num_super_tokens).labels
