"""Rollout: where in the picture the content of a deep token, or of the prediction, comes from."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st

from analysis.answers.rollout import half_share, rollout_answer
from analysis.commands.views.rollout import RollOut
from analysis.figures.canvas import Canvas
from analysis.figures.screen.heat import heat_map, picture
from analysis.figures.screen.rollout import SQUARE, in_squares, rollout_map
from analysis.figures.style import ANCHOR_COLOUR, KIND_COLOURS
from analysis.relevance.choices import ATTENTION
from analysis.relevance.rollout import Rollout
from analysis.relevance.weighings import Weighing
from analysis.reports.report import Report
from analysis.reports.rollout import Map, maps_of, panel_of, rollout_report, weighed_by
from stvit import BlockId
from stvit.capturing.records import NoAttentionError
from ui import keys
from ui.ahead import Task, step
from ui.panels.answer import asked
from ui.panels.classes import choose_classes
from ui.panels.export import Export, block_options, file_name, picture_options, subject_of
from ui.panels.faithfulness import show_faithfulness
from ui.panels.panel import caption, chart, heading, slot, slots
from ui.panels.pickers import choose_anchor, choose_block, open_pixel
from ui.panels.receptive_fields import show_receptive_fields
from ui.panels.rollouts import Shown, means_of, roll_out_ahead, rollout_alone, rollouts
from ui.view.runs import seconds_per_run
from ui.view.view import View

QUESTION = "Where in the picture does the prediction come from?"

STARTS = {"pooled": "the prediction (all tokens)", "token": "one token"}


def draw(view: View) -> None:
    """Draw the page."""
    answer = asked(QUESTION)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        shown, chosen = _choose(view)
        export = st.container(width="content")
    try:
        found = rollouts(view, shown, chosen)
    except NoAttentionError as error:
        st.info(f"{error} A rollout needs attention in every block on its way.", icon=":material/info:")
    else:
        if found:  # else they were not asked for yet
            with export:
                _offer(view, shown, found)
            _explain(view, shown, found)
            answer.say(_answer(view, shown, found))
            _show(view, shown, found)
    show_faithfulness(view, next((one.target for one in chosen if one.target is not None), None))
    show_receptive_fields(view)


def ahead(view: View) -> list[Task]:
    """Return what is computed for the page as it opens first."""
    return [*roll_out_ahead(view), step(seconds_per_run, view)]


def _choose(view: View) -> tuple[Shown, list[Weighing]]:
    start = st.segmented_control(
        "Start from",
        list(STARTS),
        format_func=STARTS.__getitem__,
        default="pooled",
        required=True,
        key=keys.ROLLOUT_START,
        bind="query-params",
        persist_state="session",
    )
    words, chosen = choose_classes(view)
    source, anchor, minus_mean = list(view.capture.values())[-1], None, False
    if start == "token":
        source = choose_block(view.capture)
        anchor = choose_anchor(source.grid)
        minus_mean = st.toggle(
            "Less the mean token",
            key=keys.ROLLOUT_DIFFERENCE,
            bind="query-params",
            persist_state="session",
            help="Show what is particular to this token: its rollout less that of the mean of all tokens.",
        )
    convolutions = st.toggle(
        "Convolutions spread it",
        value=True,
        key=keys.ROLLOUT_CONVOLUTIONS,
        bind="query-params",
        persist_state="session",
        help="Count the footprint of the depthwise convolutions inside the blocks; off, they pass tokens straight.",
    )
    return Shown(source, anchor, tuple(words), minus_mean, convolutions), chosen


def _offer(view: View, shown: Shown, found: Mapping[Weighing, Rollout]) -> None:
    """Offer what is shown as files."""
    block, start, where = shown.source.id, "pooled", dict[str, Any]()
    token = None if shown.anchor is None else (shown.anchor.row, shown.anchor.column)
    if token is not None:
        start = f"stage{block.stage + 1}-block{block.block + 1}-{token[0]}-{token[1]}"
        where = {**block_options(shown.source), "row": token[0], "column": token[1]}
    words = tuple(ATTENTION if each.target is None else str(each.target) for each in found)
    settings = RollOut(
        **picture_options(view),
        **where,
        classes=words,
        minus_mean=shown.minus_mean,
        no_convolutions=not shown.convolutions,
    )
    means, kept = means_of(view, shown, found), dict(found)

    def report() -> Report:
        return rollout_report(subject_of(view), kept, view.capture[block], token, shown.convolutions, means)

    Export(file_name(view, "rollout", start), report, settings, "the relevance of each token").offer()


def _answer(view: View, shown: Shown, found: Mapping[Weighing, Rollout]) -> str:
    weighing, rolled = next(iter(found.items()))
    alone = None if weighing.target is None else rollout_alone(view, shown)
    half_alone = None if alone is None else _half(alone)
    return rollout_answer(shown.where, weighing.title, weighing.probability, _half(rolled), half_alone)


def _half(found: Rollout) -> float:
    return half_share(in_squares(found.pixels.double().numpy(), SQUARE))


def _explain(view: View, shown: Shown, found: Mapping[Weighing, Rollout]) -> None:
    weighing, rolled = next(iter(found.items()))
    mass = f"mass kept on the way {rolled.mass:.2f}"
    kept = mass if weighing.target is None else f"relevance {rolled.mass:.2g} in logits"
    linear = "a linearisation: half of each residual branch, heads averaged, convolutions by the size of their weights"
    caption(view, f"from {shown.where}", kept, linear)


def _show(view: View, shown: Shown, found: Mapping[Weighing, Rollout]) -> None:
    canvas = Canvas(view.picture.shown, shown.source.id.stride, shown.anchor)
    means = means_of(view, shown, found)
    all_maps = {weighing: maps_of(each, means.get(weighing)) for weighing, each in found.items()}
    with slots("rollout"):
        with slot():
            heading("Picture", ANCHOR_COLOUR, "click a token to start from it")
            _clickable(canvas, shown)
        for number, (weighing, maps) in enumerate(all_maps.items()):
            with slot():
                words = weighed_by(weighing)
                note = f"relevance{' less the mean token’s' if means else ''}, in squares of {SQUARE} × {SQUARE} pixels"
                heading(words[:1].upper() + words[1:], KIND_COLOURS["super"], note)
                figure = rollout_map(canvas, np.asarray(maps[0][2]), signed=shown.minus_mean)
                chart(figure, f"rollout_pixels_{number}", f"Rollout, {words}")
        _show_stages(view, next(iter(all_maps)), next(iter(all_maps.values()))[1:], shown.minus_mean)


def _show_stages(view: View, weighing: Weighing, maps: list[Map], signed: bool) -> None:
    for map_ in maps:
        _, stage, values = map_
        with slot():
            note = f"{values.shape[0]} × {values.shape[1]} tokens, {weighing.title}"
            heading(f"Into stage {(stage or 0) + 1}", KIND_COLOURS["super"], note)
            on_stage = Canvas(view.picture.shown, BlockId(stage or 0, 0).stride)
            chart(
                heat_map(on_stage, panel_of(map_, "", signed), relative=not signed),
                f"rollout_{stage}",
                f"Rollout into stage {(stage or 0) + 1}",
            )


def _clickable(canvas: Canvas, shown: Shown) -> None:
    def start_here(down: float, across: float) -> None:
        st.session_state[keys.ROLLOUT_START] = "token"
        open_pixel(shown.source, down, across, pickers_drawn=shown.anchor is not None)

    figure = picture(canvas, clickable=True)
    chart(figure, "rollout_picture", "Picture", on_pixel=start_here, can_be_pinned=False)
