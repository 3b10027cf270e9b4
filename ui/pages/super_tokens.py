"""Super tokens: the learned grouping against the regular grid and classical superpixels."""

import pandas as pd
import streamlit as st

from analysis.commands.views.groupings import Groupings
from analysis.grouping.choices import MAX_ITERATIONS, RESOLUTIONS
from analysis.grouping.groupings import SCORES
from analysis.grouping.methods import METHODS
from analysis.reports.pictures import groupings_report
from analysis.reports.report import Report
from stvit import BlockRecord
from stvit.captions import no_super_tokens
from ui import keys
from ui.panels.answer import asked
from ui.panels.export import Export, block_options, file_name, picture_options, subject_of
from ui.panels.groupings import choose_drawing, groupings, show_grouping
from ui.panels.panel import caption, heading, slot
from ui.panels.pickers import choose_block
from ui.view.view import View

QUESTION = "Are the learned super tokens good groups?"

DEFAULT_METHODS = ["grid", "super", "slic"]


def draw(view: View) -> None:
    """Draw the page."""
    asked(QUESTION)
    with st.container(horizontal=True):
        record = choose_block(view.capture)
        drawing = choose_drawing()
        methods = st.multiselect(
            "Compare",
            list(METHODS),
            default=DEFAULT_METHODS,
            format_func=lambda name: METHODS[name].title,
            key=keys.METHODS,
            persist_state="session",
            width=460,
        )
    if record.grid.is_identity:
        _explain_identity(record)
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        resolution = st.segmented_control(
            "Classical methods see",
            list(RESOLUTIONS),
            format_func=lambda name: f"{name}s",
            default="token",
            required=True,
            key=keys.RESOLUTION,
            persist_state="session",
            help="Tokens: the picture averaged over each token, as coarse as the model sees it. Pixels: full detail.",
        )
        iterations = _choose_iterations(view.handle.model.config.num_iters[record.id.stage])
        export = st.container(width="content")
    ordered = [method for method in METHODS if method in methods]
    found = groupings(view, record, ordered, iterations, resolution)
    if not found:
        st.info("Choose at least one grouping to compare.", icon=":material/info:")
        return
    grid = record.grid
    caption(
        view,
        record.id.caption,
        f"{grid.height} x {grid.width} tokens in {grid.rows} x {grid.columns} super tokens",
        "each token goes to its heaviest super token",
    )
    with st.container(horizontal=True, gap="medium"):
        for grouping in found:
            with slot():
                heading(grouping.title, METHODS[grouping.kind].colour)
                show_grouping(view, grouping, drawing)
    block = record.id

    def report() -> Report:
        record = view.capture[block]
        return groupings_report(subject_of(view), record, found, iterations, resolution, drawing)

    settings = Groupings(
        **picture_options(view),
        **block_options(record),
        methods=tuple(ordered),
        on=resolution,
        iterations=iterations,
        drawing=drawing,
    )
    name = file_name(view, "groupings", f"stage{block.stage + 1}", f"block{block.block + 1}")
    with export:
        Export(name, report, settings, "a line for each grouping, and the labels of tokens or pixels").offer()
    _show_table(report().table())


def _choose_iterations(own: int) -> int:
    return st.slider(
        "Iterations of the learned sampling",
        0,
        MAX_ITERATIONS,
        own,
        key=keys.SAMPLING_ITERATIONS,
        width=300,
        persist_state="session",
        help=f"On the same tokens; the model itself uses {own}, 0 is the regular grid.",
    )


def _explain_identity(record: BlockRecord) -> None:
    st.info(
        f"{no_super_tokens(record.id.caption, record.own_window)} Choose stage 1 or 2 to see super tokens.",
        icon=":material/info:",
    )


def _show_table(table: pd.DataFrame) -> None:
    """Show the scores of each grouping, at pixel resolution."""
    config = {
        name: st.column_config.NumberColumn(score.title, help=score.sentence, format=None if score.whole else "%.3f")
        for name, score in SCORES.items()
    }
    st.dataframe(table, hide_index=True, column_config=config)
