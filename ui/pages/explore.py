"""Explore: what one token attends to, through super tokens and without them, side by side."""

from functools import partial

import streamlit as st

from analysis.commands.views.anchor import AnchorView
from analysis.figures.canvas import Anchor, Canvas, Panel
from analysis.figures.screen.heat import heat_map, picture
from analysis.figures.style import ANCHOR_COLOUR, KIND_COLOURS
from analysis.one_token.anchor import AnchorMap, anchor_maps
from analysis.reports.pictures import anchor_report
from analysis.reports.report import Report
from stvit import BlockId, BlockRecord
from stvit.captions import no_super_tokens
from ui import keys
from ui.explorer import explorer, standalone_html
from ui.panels.answer import asked
from ui.panels.export import Export, block_options, file_name, picture_options, subject_of, token_options
from ui.panels.panel import caption, chart, heading, slot
from ui.panels.pickers import choose_anchor, choose_block, choose_head, choose_scale, follow_explorer
from ui.panels.steps import show_steps
from ui.view.view import View

QUESTION = "Where does a token look, through super tokens and without them?"

LIVE, FIGURES = "Live", "Figures"
MODES = [LIVE, FIGURES]


def draw(view: View) -> None:
    """Draw the page."""
    asked(QUESTION)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        mode = st.segmented_control(
            "Mode",
            MODES,
            default=LIVE,
            required=True,
            key=keys.MODE,
            bind="query-params",
            label_visibility="collapsed",
        )
        if mode == LIVE:
            record, head, anchor = _go_to(view)
            _offer_file(view, record.id, head, anchor)
        else:
            record, head, anchor = _choose(view)
            shared = choose_scale()
        steps = st.toggle(
            "Steps",
            key=keys.STEPS,
            bind="query-params",
            help="Follow the pinned token through the block step by step, below, with its real numbers.",
        )
    if mode == LIVE:
        shown = explorer(view, record.id, head, anchor, on_change=partial(follow_explorer, view))
        record, head, anchor = view.capture[shown.block], shown.head, Anchor(shown.row, shown.column)
    else:
        _show_figures(view, record, head, anchor, shared)
    if steps:
        st.divider()
        show_steps(view, record, head, anchor)


def _choose(view: View) -> tuple[BlockRecord, int | None, Anchor]:
    """Draw the pickers of block, head and anchor."""
    record = choose_block(view.capture)
    return record, choose_head(record), choose_anchor(record.grid)


def _go_to(view: View) -> tuple[BlockRecord, int | None, Anchor]:
    """Keep the pickers behind a button: the explorer has its own, these are for an exact token."""
    with st.popover("Go to", icon=":material/my_location:"):
        return _choose(view)


def _offer_file(view: View, block: BlockId, head: int | None, anchor: Anchor) -> None:
    """Offer the explorer as a page of its own."""
    title = f"{view.picture.source.name}, {view.handle.title}, {view.capture[block].id.caption}"

    def page() -> str:
        return standalone_html(view.capture, view.picture.shown, [block], anchor=anchor, head=head, title=title)

    st.download_button(
        "Save as a page",
        page,
        f"explorer-stage{block.stage + 1}-block{block.block + 1}.html",
        "text/html",
        icon=":material/download:",
        help="One HTML file with this block, which opens without a server or a network.",
    )


def _show_figures(view: View, record: BlockRecord, head: int | None, anchor: Anchor, shared: bool) -> None:
    """Draw still pictures."""
    token, stride = record.grid.token(anchor.row, anchor.column), record.id.stride
    panels = list(anchor_maps(record, head, token, stride))
    _offer(view, record.id, token, head, panels)
    caption(view, *_description(record))
    top = max(float(panel.values.max()) for panel in panels if panel.is_attention)
    canvas = Canvas(view.picture.shown, stride, anchor)
    with st.container(horizontal=True, gap="medium"):
        with slot():
            heading("Picture", ANCHOR_COLOUR, f"anchor ({anchor.row}, {anchor.column}) · a token is {stride} px wide")
            chart(picture(canvas), "picture")
        for panel in panels:
            with slot():
                _show_panel(canvas, panel, top if shared and panel.is_attention else None)


def _offer(view: View, block: BlockId, token: int, head: int | None, panels: list[AnchorMap]) -> None:
    """Offer the figures as files."""
    record = view.capture[block]
    settings = AnchorView(**picture_options(view), **block_options(record), head=head, **token_options(record, token))
    name = file_name(view, f"stage{block.stage + 1}", f"block{block.block + 1}", f"token{token}")

    def report() -> Report:
        return anchor_report(subject_of(view), view.capture[block], panels, token, head)

    Export(name, report, settings).offer()


def _description(record: BlockRecord) -> list[str]:
    """Return the parts of the line that describes the block."""
    grid, factors = record.grid, record.token_attention()
    if grid.is_identity:
        groups = no_super_tokens()
    else:
        groups = f"{grid.rows} x {grid.columns} super tokens, {record.association.weight.shape[-1]} candidates a token"
    memory = (
        f"attention kept as {factors.nbytes / 2**20:.2f} MiB of factors, dense it would be "
        f"{factors.dense_nbytes / 2**20:,.1f} MiB"
    )
    return [record.id.caption, f"{grid.height} x {grid.width} tokens", groups, memory]


def _show_panel(canvas: Canvas, panel: AnchorMap, maximum: float | None) -> None:
    heading(panel.title, KIND_COLOURS[panel.kind], panel.note)
    figure = heat_map(canvas, Panel(panel.title, panel.values, panel.quantity, maximum=maximum), relative=True)
    chart(figure, f"panel_{panel.title}")
