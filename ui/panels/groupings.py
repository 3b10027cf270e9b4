"""The groupings that the pages Super tokens and What if show side by side, computed once and drawn for the screen."""

from collections.abc import Sequence

import numpy as np
import streamlit as st
from PIL import Image

from analysis.figures.paint import colour_labels, draw_boundaries, mean_colours
from analysis.grouping.choices import DRAWINGS, Resolution
from analysis.grouping.foreign import ForeignGroups, foreign_method
from analysis.grouping.groupings import Grouping, grouping_of
from analysis.grouping.methods import METHODS, chosen_methods
from stvit import BlockId, BlockRecord
from ui import keys
from ui.view.view import BY_KEY, View

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
        iterations: Iterations of the learned sampling, on the tokens that the block received.
        on: Whether the classical methods see the picture averaged over tokens, or every pixel.
    """
    return [_grouping(view, record.id, method.name, iterations, on) for method in chosen_methods(methods)]


def foreign_grouping(view: View, record: BlockRecord, groups: ForeignGroups, on: Resolution) -> Grouping:
    """Return groups from a file as one more grouping.

    Raises:
        ValueError: If they do not fit this picture or this block.
    """
    return grouping_of(foreign_method(groups, view.picture.framing), view.picture.shown, record, on=on)


def choose_drawing() -> str:
    """Draw the choice of how groupings are drawn."""
    return st.segmented_control(
        "Show",
        list(DRAWINGS),
        format_func=DRAWINGS.__getitem__,
        default="boundaries",
        required=True,
        key=keys.DRAWING,
        bind="query-params",
    )


def show_grouping(view: View, grouping: Grouping, drawing: str) -> None:
    """Draw a grouping as wide as its container."""
    image = _drawn(view.picture.shown, grouping, drawing)
    st.image(image, width="stretch", alt=f"{grouping.title}, drawn as {DRAWINGS[drawing].lower()}")


def _drawn(shown: np.ndarray, grouping: Grouping, drawing: str) -> np.ndarray:
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


@st.cache_data(max_entries=64, show_spinner="Finding superpixels ...", hash_funcs=BY_KEY)
def _grouping(view: View, block: BlockId, method: str, iterations: int, on: Resolution) -> Grouping:
    own = view.handle.model.config.num_iters[block.stage]
    record = view.capture[block]
    return grouping_of(METHODS[method], view.picture.shown, record, on=on, iterations=iterations, own=own)
