"""The groupings that the page Super tokens shows side by side, computed once, and how they are drawn."""

from collections.abc import Sequence

import streamlit as st

from analysis.grouping.choices import DRAWINGS, Resolution
from analysis.grouping.foreign import ForeignGroups, foreign_method
from analysis.grouping.groupings import Grouping, grouping_of
from analysis.grouping.methods import METHODS, chosen_methods
from stvit import BlockId, BlockRecord
from ui import keys
from ui.view.view import BY_KEY, View


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


@st.cache_data(max_entries=64, show_spinner="Finding superpixels ...", hash_funcs=BY_KEY)
def _grouping(view: View, block: BlockId, method: str, iterations: int, on: Resolution) -> Grouping:
    own = view.handle.model.config.num_iters[block.stage]
    record = view.capture[block]
    return grouping_of(METHODS[method], view.picture.shown, record, on=on, iterations=iterations, own=own)
