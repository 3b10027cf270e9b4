"""Rollout: where in the picture the content of a deep token, or of the prediction, comes from."""

from typing import Any

import streamlit as st

from analysis.commands.views.rollout import RollOut
from analysis.figures.canvas import Anchor, Canvas, Panel
from analysis.figures.screen.heat import heat_map, picture
from analysis.figures.screen.rollout import rollout_map
from analysis.figures.style import ANCHOR_COLOUR, KIND_COLOURS
from analysis.relevance.class_gradient import ClassGradients, class_gradients
from analysis.relevance.footprint import Footprints
from analysis.relevance.rollout import Rollout, rollout
from analysis.reports.pictures import rollout_options, rollout_report
from analysis.reports.report import Report
from stvit import BlockId, BlockRecord
from stvit.capturing.records import NoAttentionError
from stvit.foreign_text import plain
from ui import keys
from ui.panels.answer import asked
from ui.panels.export import Export, block_options, file_name, picture_options, subject_of
from ui.panels.panel import caption, chart, heading, slot
from ui.panels.pickers import choose_anchor, choose_block
from ui.view.view import BY_KEY, ModelHandle, View

QUESTION = "Where in the picture does the prediction come from?"

PLAIN = "attention alone"
STARTS = {"pooled": "the prediction (all tokens)", "token": "one token"}
OFFERED_CLASSES = 10


def draw(view: View) -> None:
    """Draw the page."""
    asked(QUESTION)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        start = st.segmented_control(
            "Start from",
            list(STARTS),
            format_func=STARTS.__getitem__,
            default="pooled",
            required=True,
            key=keys.ROLLOUT_START,
            persist_state="session",
        )
        source, anchor = _choose_source(view, start)
        target = _choose_class(view)
        convolutions = st.toggle(
            "Convolutions spread it",
            value=True,
            key=keys.ROLLOUT_CONVOLUTIONS,
            persist_state="session",
            help="Count the footprint of the depthwise convolutions inside the blocks; off, they pass tokens straight.",
        )
        export = st.container(width="content")
    token = None if anchor is None else source.grid.token(anchor.row, anchor.column)
    try:
        found = _rollout(view, source.id, token, target, convolutions)
    except NoAttentionError as error:
        st.info(f"{error} A rollout needs attention in every block on its way.", icon=":material/info:")
        return
    with export:
        _offer(view, source, anchor, found, target, convolutions)
    _explain(view, source, anchor, target, found)
    _show_maps(view, source, anchor, found)


def _choose_source(view: View, start: str) -> tuple[BlockRecord, Anchor | None]:
    """Return where to start: the last block as a whole, or a token of a block that is chosen."""
    if start == "pooled":
        return list(view.capture.values())[-1], None
    record = choose_block(view.capture)
    return record, choose_anchor(record.grid)


def _choose_class(view: View) -> int | None:
    """Draw the choice of a class whose gradient weights the attention; None is attention alone."""
    labels = _likely_classes(view)
    chosen = st.selectbox(
        "Weighted by",
        [PLAIN, *labels],
        format_func=lambda key: labels.get(key, PLAIN),
        width=220,
        key=f"{keys.ROLLOUT_CLASS}_{view.handle.digest}",
        persist_state="session",
        help="A class weighs each head by how much its attention speaks for that class (Chefer et al., 2021).",
    )
    return None if chosen == PLAIN else int(chosen)


def _likely_classes(view: View) -> dict[str, str]:
    """Return the most probable classes: their keys in the session, and their names for users."""
    logits, names = view.capture.logits[0], view.handle.model.class_names
    top = logits.topk(min(OFFERED_CLASSES, len(logits))).indices.tolist() if len(logits) else []
    return {str(index): plain(names[index]) if names else f"class {index}" for index in top}


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs=BY_KEY)
def _footprints(handle: ModelHandle) -> Footprints:
    return Footprints.of(handle.model)


@st.cache_resource(max_entries=2, show_spinner="Following the gradient of the class ...", hash_funcs=BY_KEY)
def _gradients(view: View, target: int) -> ClassGradients:
    return class_gradients(view.handle.model, view.picture.pixels, target)


@st.cache_resource(max_entries=32, show_spinner="Rolling the attention out ...", hash_funcs=BY_KEY)
def _rollout(view: View, source: BlockId, token: int | None, target: int | None, convolutions: bool) -> Rollout:
    footprints = _footprints(view.handle)
    weights = None if target is None else _gradients(view, target)
    used = footprints if convolutions else footprints.without_depthwise()
    return rollout(view.run().capture, used, source, token, weights=weights)


def _offer(
    view: View, source: BlockRecord, anchor: Anchor | None, found: Rollout, target: int | None, convolutions: bool
) -> None:
    """Offer what is shown as files."""
    block, start, where = source.id, "pooled", dict[str, Any]()
    token = None if anchor is None else (anchor.row, anchor.column)
    if token is not None:
        start = f"stage{block.stage + 1}-block{block.block + 1}-{token[0]}-{token[1]}"
        where = {**block_options(source), "row": token[0], "column": token[1]}
    settings = RollOut(**picture_options(view), **where, target=target, no_convolutions=not convolutions)

    def report() -> Report:
        options = rollout_options(target, convolutions)
        return rollout_report(subject_of(view), found, view.capture[block], token, options)

    Export(file_name(view, "rollout", start), report, settings, "the relevance of each token").offer()


def _explain(view: View, source: BlockRecord, anchor: Anchor | None, target: int | None, found: Rollout) -> None:
    where = "the pooled output" if anchor is None else f"token ({anchor.row}, {anchor.column}) of {source.id.caption}"
    kept = f"mass kept on the way {found.mass:.2f}" if target is None else f"relevance {found.mass:.2g} in logits"
    linear = "a linearisation: half of each residual branch, heads averaged, convolutions by the size of their weights"
    caption(view, f"from {where}", kept, linear)


def _show_maps(view: View, source: BlockRecord, anchor: Anchor | None, found: Rollout) -> None:
    canvas = Canvas(view.picture.shown, source.id.stride, anchor)
    with st.container(horizontal=True, gap="medium"):
        with slot():
            heading("Picture", ANCHOR_COLOUR, "the token to start from" if anchor else "as the model sees it")
            chart(picture(canvas), "rollout_picture")
        with slot():
            heading("Pixels", KIND_COLOURS["super"], "relevance, summed over 4 x 4 pixels")
            figure = rollout_map(canvas, found.pixels.numpy())
            chart(figure, "rollout_pixels")
        for stage in range(found.source.stage + 1):
            values = found.tokens(stage).numpy()
            with slot():
                note = f"{values.shape[0]} x {values.shape[1]} tokens"
                heading(f"Into stage {stage + 1}", KIND_COLOURS["super"], note)
                on_stage = Canvas(view.picture.shown, BlockId(stage, 0).stride)
                figure = heat_map(on_stage, Panel("", values, "relevance"), relative=True)
                chart(figure, f"rollout_{stage}")
