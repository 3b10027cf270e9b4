"""Explore: what one token attends to, through super tokens and without them, side by side."""

from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.answers.explore import explore_answer
from analysis.backbones import BackboneRecord
from analysis.commands.views.anchor import AnchorView
from analysis.figures.canvas import Anchor, Canvas, Panel
from analysis.figures.screen.heat import heat_map, picture
from analysis.figures.style import ANCHOR_COLOUR, KIND_COLOURS
from analysis.one_token.anchor import AnchorMap, anchor_maps
from analysis.one_token.region import DEFAULT_REGION, Region, mean_row, measure_region, region_tokens
from analysis.reports.pictures import anchor_report
from analysis.reports.report import Report
from stvit import Attention, BlockId, BlockRecord
from stvit.captions import no_super_tokens
from ui import keys
from ui.explorer import ExplorerState, explorer, segments_of, standalone_html
from ui.explorer.smaller import offer_smaller
from ui.links import page_link
from ui.panels.answer import asked
from ui.panels.export import Export, block_options, file_name, picture_options, subject_of, token_options
from ui.panels.figure_script import show_figure_script
from ui.panels.head_maps import Pinned, show_head_maps
from ui.panels.look import choose_look, choose_range
from ui.panels.panel import caption, chart, heading, slot
from ui.panels.pickers import choose_anchor, choose_block, choose_head, follow_explorer
from ui.panels.regions import choose_region
from ui.sidebar.choose import SIZES
from ui.view.view import View

QUESTION = "Where does a token look, through super tokens and without them?"

LIVE, FIGURES = "Live", "Figures"
MODES = [LIVE, FIGURES]


def draw(view: View) -> None:
    """Draw the page."""
    if view.handle.is_backbone:
        _draw_figures(view)
        return
    with st.container(horizontal=True, vertical_alignment="top"):
        with st.container(key="explore_answer"):
            answer = asked(QUESTION)
        mode = st.segmented_control(
            "Mode",
            MODES,
            default=LIVE,
            required=True,
            key=keys.MODE,
            bind="query-params",
            label_visibility="collapsed",
            width="content",
        )
        tools = st.popover(
            "Tools", icon=":material/tune:", help="An exact token, how it is shown, files, and its steps"
        )
    if mode == LIVE:
        with tools:
            record, head, anchor = _choose(view)
            region = choose_region()
            file = st.container()
            with st.expander("How attention is shown"):
                look = choose_look()
        if offer_smaller(view, SIZES, keys.SIZE):
            return
        shown = explorer(view, record.id, head, anchor, look, region, on_change=partial(follow_explorer, view))
        record, head, anchor = view.capture[shown.block], shown.head, Anchor(shown.row, shown.column)
        region = shown.region
        with file:
            _offer_file(view, shown)
    else:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            record, head, anchor = _choose(view)
            shared = choose_range()
            export = st.container(width="content")
        region = DEFAULT_REGION
        _show_figures(view, record, head, anchor, shared, export=export)
    with tools:
        page_link("steps", "Follow this token step by step", ":material/school:")
    answer.say(_answer(view, record, head, anchor, region))
    if mode == LIVE:
        show_head_maps(view, Pinned(record.id, head, anchor.row, anchor.column, region, shown.look.incoming))
    show_figure_script(view, record, head, anchor)


def _draw_figures(view: View) -> None:
    """Draw what there is of a backbone: still figures."""
    answer = asked(QUESTION)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        record = choose_block(view.records)
        head, anchor, shared = choose_head(record), choose_anchor(record.grid), choose_range()
        export = st.container(width="content")
    _show_figures(view, record, head, anchor, shared, export=export)
    st.caption("The live view and the steps are of STViTs; a backbone is shown in still figures.")
    answer.say(_answer(view, record, head, anchor, DEFAULT_REGION))


def _choose(view: View) -> tuple[BlockRecord, int | None, Anchor]:
    """Draw the pickers of block, head and anchor."""
    record = choose_block(view.capture)
    return record, choose_head(record), choose_anchor(record.grid)


def _answer(view: View, record: BlockRecord | BackboneRecord, head: int | None, anchor: Anchor, region: Region) -> str:
    """Return the sentence about the pinned token or region."""
    segments = segments_of(view) if region.kind == "segment" else None
    tokens = region_tokens(region, record, anchor.row, anchor.column, segments)

    def measured(attention: Attention) -> dict[str, float]:
        return measure_region(mean_row(attention, tokens, head), record, region, tokens)

    other = None if shows_global_alone(record) else measured(record.global_attention())
    own, everywhere = measured(record.token_attention()), record.grid.num_tokens
    return explore_answer(_name(record), own, other, everywhere, region.words(len(tokens)))


def _name(record: BlockRecord | BackboneRecord) -> str:
    """Return what the block's own attention is called."""
    if not isinstance(record, BlockRecord):
        return "the attention of the model"
    if record.own_window is not None:
        return f"attention in windows of {record.own_window} x {record.own_window}"
    return "global attention" if record.grid.is_identity else "super token attention"


def shows_global_alone(record: BlockRecord | BackboneRecord) -> bool:
    """Return whether the block's own attention is the global one, so that one panel shows both."""
    if not isinstance(record, BlockRecord):
        return record.layout.is_global
    return record.grid.is_identity and record.own_window is None


def _offer_file(view: View, shown: ExplorerState) -> None:
    """Offer the explorer as a page of its own, which opens as it is shown now."""
    block = shown.block
    title = f"{view.picture.source.name}, {view.handle.title}, {view.capture[block].id.caption}"

    def page() -> str:
        return standalone_html(
            view.capture,
            view.picture.shown,
            [block],
            anchor=Anchor(shown.row, shown.column),
            head=shown.head,
            look=shown.look,
            region=shown.region,
            title=title,
        )

    st.download_button(
        "Save as a page",
        page,
        f"explorer-stage{block.stage + 1}-block{block.block + 1}.html",
        "text/html",
        icon=":material/download:",
        help="One HTML file with this block, which opens without a server or a network.",
    )


def _show_figures(
    view: View,
    record: BlockRecord | BackboneRecord,
    head: int | None,
    anchor: Anchor,
    shared: bool,
    *,
    export: DeltaGenerator,
) -> None:
    """Draw still pictures."""
    token, stride = record.grid.token(anchor.row, anchor.column), record.token_pixels
    panels = list(anchor_maps(record, head, token, stride))
    with export:
        _offer(view, record.id, token, head, panels)
    caption(view, *_description(record))
    top = max(float(panel.values.max()) for panel in panels if panel.is_attention)
    canvas = Canvas(view.picture.shown, stride, anchor)
    with st.container(horizontal=True, gap="medium"):
        with slot():
            heading("Picture", ANCHOR_COLOUR, f"anchor ({anchor.row}, {anchor.column}) · a token is {stride} px wide")
            chart(picture(canvas), "picture")
        for panel in panels:
            if panel.kind == "global" and shows_global_alone(record):
                continue
            with slot():
                _show_panel(canvas, panel, top if shared and panel.is_attention else None)


def _offer(view: View, block: BlockId, token: int, head: int | None, panels: list[AnchorMap]) -> None:
    """Offer the figures as files."""
    record = view.records[block]
    settings = AnchorView(**picture_options(view), **block_options(record), head=head, **token_options(record, token))
    name = file_name(view, f"stage{block.stage + 1}", f"block{block.block + 1}", f"token{token}")

    def report() -> Report:
        return anchor_report(subject_of(view), view.records[block], panels, token, head)

    Export(name, report, settings).offer()


def _description(record: BlockRecord | BackboneRecord) -> list[str]:
    """Return the parts of the line that describes the block."""
    grid = record.grid
    if not isinstance(record, BlockRecord):
        return [record.id.caption, f"{grid.height} x {grid.width} tokens"]
    factors = record.token_attention()
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
