"""The groupings that Super tokens and What if lay side by side, found once and drawn for the screen."""

from collections.abc import Sequence

import numpy as np
import streamlit as st
from PIL import Image

from analysis.figures.paint import colour_labels, draw_boundaries, mean_colours
from analysis.grouping.choices import Resolution
from analysis.grouping.groupings import Grouping, grouping_of
from analysis.grouping.methods import Method, chosen_methods
from stvit import BlockRecord
from ui.view.view import View

DISPLAY_SIDE = 672
"""Pictures are enlarged to about this short side first, so that lines stay thin and crisp."""


def groupings(
    view: View, record: BlockRecord, methods: Sequence[str], iterations: int, on: Resolution
) -> list[Grouping]:
    """Return groupings at the number of super tokens.

    Args:
        view: Picture and model.
        record: The block.
        methods: Names of METHODS.
        iterations: Of the learned sampling, on the tokens that the block received.
        on: Whether the classical methods see the picture averaged over tokens, or every pixel.
    """
    own = view.handle.model.config.num_iters[record.id.stage]
    return [
        _grouping(method.name, (view.key, *record.id), iterations, own, on, method, record, view.picture.shown)
        for method in chosen_methods(methods)
    ]


def draw(shown: np.ndarray, grouping: Grouping, drawing: str) -> np.ndarray:
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


@st.cache_resource(max_entries=64, show_spinner="Finding superpixels ...")
def _grouping(
    name: str, block: tuple[str, int, int], iterations: int, own: int, on: Resolution,
    _method: Method, _record: BlockRecord, _shown: np.ndarray,
) -> Grouping:  # fmt: skip
    """Return a grouping; the key names the view and the block."""
    return grouping_of(_method, _shown, _record, on=on, iterations=iterations, own=own)
