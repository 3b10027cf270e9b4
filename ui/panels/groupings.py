"""The groupings that Super tokens and What if lay side by side, found once and drawn for the screen."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import streamlit as st
from PIL import Image

from analysis.figures.paint import colour_labels, draw_boundaries, mean_colours
from analysis.grouping.methods import METHODS, Grouping, Resolution, classical_labels, learned_grouping
from stvit import BlockRecord, TokenGrid
from ui.view.view import View

Drawing = Literal["boundaries", "means", "labels"]

DRAWINGS: dict[Drawing, str] = {"boundaries": "Boundaries", "means": "Mean colours", "labels": "Labels"}

DISPLAY_SIDE = 672
"""Pictures are enlarged to about this short side first, so that lines stay thin and crisp."""


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
    picture = f"{view.picture.source.sha256}-{view.picture.framing}"
    own = view.handle.model.config.num_iters[record.id.stage]
    found = []
    for method in methods:
        if method == "super":
            found.append(learned_grouping(record, iterations, own))
        else:
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
    return classical_labels(method, _shown, grid, on)
