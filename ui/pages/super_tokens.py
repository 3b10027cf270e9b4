"""Super tokens: the learned grouping against the regular grid and SLIC."""

from typing import get_args

import pandas as pd
import streamlit as st

from analysis.figures.style import KIND_COLOURS
from analysis.render import upsample_labels
from analysis.segmentation_metrics import describe_segments
from stvit import BlockRecord
from ui.groupings import DRAWINGS, Grouping, Resolution, draw, groupings
from ui.headings import heading
from ui.toolbar import choose_block
from ui.view import View, current_view

COLUMN_HELP = {
    "segments": "Groups that own at least one token or pixel",
    "empty": "Super tokens of the grid that nobody belongs to",
    "in pieces": "Groups that are not connected (4 neighbours)",
    "explained variation": "Share of the colour variance that lies between groups (Moore 2008); higher is better",
    "compactness": "4 pi area / perimeter^2, weighted by area; a grid of squares has 0.785",
}


def show() -> None:
    """Draw the page."""
    view = current_view()
    with st.container(horizontal=True, vertical_alignment="top"):
        record = choose_block(view.capture)
        drawing = st.segmented_control(
            "Show", list(DRAWINGS), format_func=DRAWINGS.__getitem__, default="boundaries",
            required=True, key="drawing",
            persist_state="session",
        )  # fmt: skip
        resolution = st.segmented_control(
            "SLIC works on", list(get_args(Resolution)), format_func=lambda name: f"{name}s", default="token",
            required=True, key="slic_resolution", persist_state="session",
            help="Tokens: the picture averaged over each token, as coarse as the model sees it. Pixels: full detail.",
        )  # fmt: skip
    if record.grid.is_identity:
        _explain_identity(record)
        return
    st.caption(
        f"{view.handle.title} · {record.id.caption} · {record.grid.height} x {record.grid.width} tokens in "
        f"{record.grid.rows} x {record.grid.columns} super tokens · each token goes to its heaviest super token"
    )
    found = groupings(view, record, resolution)
    for column, grouping in zip(st.columns(len(found), gap="medium"), found, strict=True):
        with column:
            heading(grouping.title, KIND_COLOURS[grouping.kind])
            image = draw(view.picture.shown, grouping, drawing)
            st.image(image, width="stretch", alt=f"{grouping.title}, drawn as {DRAWINGS[drawing].lower()}")
    _show_table(view, record, found)


def _explain_identity(record: BlockRecord) -> None:
    st.info(
        f"{record.id.caption.capitalize()} has no super tokens: its cell is 1, so each of the {record.grid.num_tokens} "
        "tokens is its own and the block is plain global attention. Choose stage 1 or 2 to see super tokens.",
        icon=":material/info:",
    )


def _show_table(view: View, record: BlockRecord, found: list[Grouping]) -> None:
    rows = []
    for grouping in found:
        labels = upsample_labels(grouping.labels, *view.picture.shown.shape[:2])
        total = record.grid.num_super_tokens if grouping.kind != "slic" else None
        values = describe_segments(labels, view.picture.shown, total)
        rows.append(
            {
                "grouping": grouping.title,
                "segments": values.count,
                "empty": values.empty if total else 0,
                "in pieces": values.disconnected,
                "explained variation": values.explained_variation,
                "compactness": values.compactness,
            }
        )
    config = {name: st.column_config.Column(help=text) for name, text in COLUMN_HELP.items()}
    for name in ("explained variation", "compactness"):
        config[name] = st.column_config.NumberColumn(help=COLUMN_HELP[name], format="%.3f")
    st.dataframe(pd.DataFrame(rows), hide_index=True, column_config=config)


show()
