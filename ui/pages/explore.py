"""Explore: what one token attends to, through super tokens and without them, side by side."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.commands.views.anchor import AnchorView
from analysis.figures.screen.heat import Anchor, attention_map, picture
from analysis.figures.style import ANCHOR_COLOUR, KIND_COLOURS, PANEL_WIDTH
from analysis.one_token.anchor import AnchorMap, anchor_maps
from analysis.reports.pictures import anchor_report
from stvit import BlockRecord
from ui.explorer import explorer, standalone_html
from ui.explorer.smaller import offer_smaller
from ui.panels.export import Export, block_options, file_name, offer, picture_options, subject_of, token_options
from ui.panels.panel import heading
from ui.panels.pickers import choose_anchor, choose_block, choose_head, choose_scale, follow_explorer
from ui.panels.steps import show_lesson
from ui.sidebar.choose import SIZES
from ui.view.view import View, current_view

WAYS = ["Live", "Figures"]


def show() -> None:
    """Draw the page."""
    view = current_view()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        way = st.segmented_control(
            "View", WAYS, default=WAYS[0], required=True, key="way", bind="query-params",
            label_visibility="collapsed",
        )  # fmt: skip
        if way == "Live":
            record, head, anchor = _go_to(view)
            file_slot = st.container(width="content")  # of the file, which there is only where the explorer fits
        else:
            record, head, anchor = _choose(view)
            shared = choose_scale()
        student = st.toggle(
            "Student mode", key="student", bind="query-params",
            help="Follow the pinned token through the block step by step, below, with its real numbers.",
        )  # fmt: skip
    if way == "Live" and not offer_smaller(view, SIZES, key="size"):
        with file_slot:
            _offer_file(view, record, head, anchor)
        shown = explorer(view, record.id, head, anchor, on_change=follow_explorer)
        record, head, anchor = view.capture[shown.block], shown.head, Anchor(shown.row, shown.column)
    elif way == "Figures":
        _show_figures(view, record, head, anchor, shared)
    if student:
        st.divider()
        show_lesson(view, record, head, anchor)


def _choose(view: View) -> tuple[BlockRecord, int | None, Anchor]:
    """Draw the pickers of block, head and anchor."""
    record = choose_block(view.capture)
    return record, choose_head(record), choose_anchor(record.grid)


def _go_to(view: View) -> tuple[BlockRecord, int | None, Anchor]:
    """Keep the pickers behind a button: the explorer has its own, these are for an exact place."""
    with st.popover("Go to", icon=":material/my_location:"):
        return _choose(view)


def _offer_file(view: View, record: BlockRecord, head: int | None, anchor: Anchor) -> None:
    """Offer the explorer as a page of its own."""
    title = f"{view.picture.source.name}, {view.handle.title}, {record.id.caption}"

    def page() -> str:
        return standalone_html(view.capture, view.picture.shown, [record.id], anchor=anchor, head=head, title=title)

    st.download_button(
        "Save as a page", page, f"explorer-stage{record.id.stage + 1}-block{record.id.block + 1}.html", "text/html",
        icon=":material/download:", help="One HTML file with this block, which opens without a server or a network.",
    )  # fmt: skip


def _show_figures(view: View, record: BlockRecord, head: int | None, anchor: Anchor, shared: bool) -> None:
    """Draw still pictures."""
    token, stride = record.grid.token(anchor.row, anchor.column), record.id.stride
    panels = list(anchor_maps(record, head, token, stride))
    settings = AnchorView(**picture_options(view), **block_options(record), head=head, **token_options(record, token))
    name = file_name(view, f"stage{record.id.stage + 1}", f"block{record.id.block + 1}", f"token{token}")
    report = anchor_report(subject_of(view), record, panels, token, head)
    offer(Export(name, report, settings))
    st.caption(_describe(view, record))
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
    stride = record.id.stride
    heading("Picture", ANCHOR_COLOUR, f"anchor ({anchor.row}, {anchor.column}) · a token is {stride} px wide")
    figure = picture(view.picture.shown, anchor, stride)
    st.plotly_chart(figure, key="picture", width="content", config={"displayModeBar": False})


def _show_panel(view: View, record: BlockRecord, anchor: Anchor, panel: AnchorMap, maximum: float | None) -> None:
    heading(panel.title, KIND_COLOURS[panel.kind], panel.note)
    figure = attention_map(
        view.picture.shown,
        panel.values,
        anchor,
        token_pixels=record.id.stride,
        maximum=maximum,
        quantity=panel.quantity,
    )
    st.plotly_chart(figure, key=f"panel_{panel.title}", width="content", config={"displayModeBar": False})


show()
