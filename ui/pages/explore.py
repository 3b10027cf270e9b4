"""Explore: what one token attends to, through super tokens and without them, side by side."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.figures.attention_maps import Anchor, attention_map, picture
from analysis.figures.style import ANCHOR_COLOUR, KIND_COLOURS, PANEL_WIDTH
from stvit import BlockRecord
from ui.headings import heading
from ui.panels import Panel, attention_panels
from ui.toolbar import choose_anchor, choose_block, choose_head, choose_scale
from ui.view import View, current_view


def show() -> None:
    """Draw the page."""
    view = current_view()
    with st.container(horizontal=True, vertical_alignment="top"):
        record = choose_block(view.capture)
        head = choose_head(record)
        anchor = choose_anchor(record.grid)
        shared = choose_scale()
    st.caption(_describe(view, record))
    panels = list(attention_panels(record, head, anchor, view.picture.framing.stride(record.grid)))
    top = max(float(panel.values.max()) for panel in panels if panel.is_attention)
    with st.container(horizontal=True, gap="medium"):
        with _slot():
            _show_picture(view, record, anchor)
        for panel in panels:
            with _slot():
                _show_panel(view, record, anchor, panel, top if shared and panel.is_attention else None)


def _describe(view: View, record: BlockRecord) -> str:
    """Say in one line what is looked at."""
    grid = record.grid
    tokens = f"{grid.height} x {grid.width} tokens"
    if grid.is_identity:
        groups = "no super tokens here (cell 1): the block is plain global attention"
    else:
        groups = f"{grid.rows} x {grid.columns} super tokens, {record.association.weight.shape[-1]} candidates a token"
    factors = record.token_attention()
    return (
        f"{view.handle.title} · {record.id.caption} · {tokens} · {groups} · attention kept as "
        f"{factors.nbytes / 2**20:.2f} MiB of factors, dense it would be {factors.dense_nbytes / 2**20:,.1f} MiB"
    )


def _slot() -> DeltaGenerator:
    """Return the place of one panel; places flow into as many columns as the window has room for."""
    return st.container(width=PANEL_WIDTH)


def _show_picture(view: View, record: BlockRecord, anchor: Anchor) -> None:
    stride = view.picture.framing.stride(record.grid)
    heading("Picture", ANCHOR_COLOUR, f"anchor ({anchor.row}, {anchor.column}) · a token is {stride} px wide")
    figure = picture(view.picture.shown, anchor, stride)
    st.plotly_chart(figure, key="picture", width="content", config={"displayModeBar": False})


def _show_panel(view: View, record: BlockRecord, anchor: Anchor, panel: Panel, maximum: float | None) -> None:
    heading(panel.title, KIND_COLOURS[panel.kind], panel.note)
    figure = attention_map(
        view.picture.shown,
        panel.values,
        anchor,
        token_pixels=view.picture.framing.stride(record.grid),
        maximum=maximum,
        quantity=panel.quantity,
    )
    st.plotly_chart(figure, key=f"panel_{panel.title}", width="content", config={"displayModeBar": False})


show()
