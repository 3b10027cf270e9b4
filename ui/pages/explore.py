"""Explore: what one token attends to, through super tokens and without them, side by side."""

from functools import partial

import streamlit as st

from analysis.answers.explore import explore_answer
from analysis.backbones import BackboneRecord
from analysis.figures.canvas import Anchor
from analysis.one_token.region import (
    DEFAULT_REGION,
    Region,
    mean_row,
    measure_region,
    region_tokens,
)
from stvit import Attention, BlockRecord
from ui import keys
from ui.explorer import (
    ExplorerState,
    explorer,
    picture_as_shown,
    segments_for,
    standalone_html,
    wants_pin,
    words_as_shown,
)
from ui.explorer.smaller import offer_smaller
from ui.links import page_link
from ui.panels.anchor_figures import show_figures, shows_global_alone
from ui.panels.answer import asked
from ui.panels.figure_script import show_figure_script
from ui.panels.head_maps import Pinned, show_head_maps
from ui.panels.look import choose_look, choose_range
from ui.panels.menu import menu
from ui.panels.mixing import mixing
from ui.panels.panel import subject
from ui.panels.parts import part_in_numbers
from ui.panels.pickers import choose_anchor, choose_block, choose_head, follow_explorer
from ui.panels.regions import choose_region
from ui.sidebar.choose import SIZES
from ui.tray.pinning import describe, pin_picture
from ui.view.view import View

QUESTION = "Where does a token look, through super tokens and without them?"

LIVE, FIGURES = "Live", "Figures"
MODES = [LIVE, FIGURES]


def draw(view: View) -> None:
    """Draw the page."""
    if view.handle.is_backbone:
        _draw_figures(view)
        return
    with st.container(key="explore_top", horizontal=True, vertical_alignment="top"):
        with st.container():
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
        tools = menu("Tools", ":material/tune:")
    if mode == LIVE:
        with tools:
            record, head, anchor = _choose(view)
            region = choose_region()
            file = st.container()
            with st.expander("How attention is shown"):
                look = choose_look()
            with st.expander("Zoom"):
                part = part_in_numbers(view.picture.source.sha256)
        if offer_smaller(view, SIZES, keys.SIZE):
            return
        shown = explorer(view, record.id, head, anchor, look, region, part, on_change=partial(follow_explorer, view))
        record, head, anchor = view.capture[shown.block], shown.head, Anchor(shown.row, shown.column)
        region = shown.region
        _keep_maps(view, shown)
        with file:
            _offer_file(view, shown)
    else:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            record, head, anchor = _choose(view)
            shared = choose_range()
            export = st.container(width="content")
        with tools:
            region = choose_region()
        show_figures(view, record, head, anchor, shared, region, export=export)
    with tools:
        page_link("steps", "Follow this token step by step", ":material/school:")
    answer.say(_answer(view, record, head, anchor, region))
    if mode == LIVE:
        show_head_maps(view, Pinned(record.id, head, anchor.row, anchor.column, region, shown.look.incoming))
    show_figure_script(view, record, head, anchor, region)


def _draw_figures(view: View) -> None:
    """Draw what there is of a backbone: still figures."""
    answer = asked(QUESTION)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        record = choose_block(view.records)
        head, anchor, shared = choose_head(record), choose_anchor(record.grid), choose_range()
        export = st.container(width="content")
    show_figures(view, record, head, anchor, shared, DEFAULT_REGION, export=export)
    st.caption("The live view and the steps are of STViTs; a backbone is shown in still figures.")
    answer.say(_answer(view, record, head, anchor, DEFAULT_REGION))


def _choose(view: View) -> tuple[BlockRecord, int | None, Anchor]:
    """Draw the pickers of block, head and anchor."""
    record = choose_block(view.capture)
    return record, choose_head(record), choose_anchor(record.grid)


def _answer(view: View, record: BlockRecord | BackboneRecord, head: int | None, anchor: Anchor, region: Region) -> str:
    """Return the sentence about the pinned token or region."""
    segments = segments_for(view, region)
    tokens = region_tokens(region, record, anchor.row, anchor.column, segments)

    def measured(attention: Attention) -> dict[str, float]:
        return measure_region(mean_row(attention, tokens, head), record, region, tokens)

    other = None if shows_global_alone(record) else measured(record.global_attention())
    own, everywhere = measured(record.token_attention()), record.grid.num_tokens
    return explore_answer(mixing(record), own, other, everywhere, region.words(len(tokens)))


def _keep_maps(view: View, shown: ExplorerState) -> None:
    """Say to all pins of the page what is shown, and pin the maps if somebody asked for it."""
    record, segments = view.capture[shown.block], segments_for(view, shown.region)
    describe(" · ".join([*subject(view), *words_as_shown(record, shown, segments)]))
    if wants_pin():
        pin_picture(
            picture_as_shown(view.picture.shown, record, shown, segments), f"Maps of the pinned {shown.region.title}"
        )


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
            part=shown.part,
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
