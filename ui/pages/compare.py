"""Compare: models, or one model on two pictures, at the same spot and the same relative depth."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.answers.compare import Seen, compare_answer, sample_note
from analysis.commands.views.compare import EXACT, Compare
from analysis.compare.maps import SpotMap, spot_map
from analysis.compare.measured import ALWAYS, ANCHORS, joined, measured, of_block
from analysis.compare.spot import Spot
from analysis.figures.compare_values import axis_title, depth_lines
from analysis.figures.numbers import percent
from analysis.figures.screen.compare import lines_by_depth
from analysis.redundancy.catalogue import CATALOGUE
from analysis.reports.compare import SHOWN_CLASSES, compare_report
from analysis.reports.report import Report
from ui import keys
from ui.address import Link
from ui.ahead import Check, Task
from ui.markdown import escaped
from ui.panels.alike_sides import blocks_between, show_alike_sides
from ui.panels.answer import Answer, asked
from ui.panels.export import Export, file_name, picture_source
from ui.panels.panel import chart, note, subject
from ui.panels.running import RunCancelledError, offer_again
from ui.panels.sides import OneSide, choose_sides, chosen_models, models_on, repair_sides, side_words, wait_for_others
from ui.panels.sides_at_spot import choose_spot, repair_spot, show_maps
from ui.tray.pinning import describe
from ui.view.view import BY_KEY, View

QUESTION = "How do models differ in what they look at, at the same depth and the same spot?"

DEFAULT_METRICS = ["entropy", "distance"]


def repair(link: Link) -> None:
    """Replace what a link asks for but does not exist; call it before the page."""
    repair_sides(link)
    repair_spot(link)


def draw(view: View) -> None:
    """Draw the page."""
    answer = asked(QUESTION)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        sides = choose_sides(view)
        depth = _choose_depth()
        metrics = _choose_metrics()
        spot = choose_spot(view)
        export = st.container(width="content")
    waiting, place = st.container(), st.container()
    with waiting:
        try:
            wait_for_others(sides, lambda first: _show(place, answer, [first], metrics, depth, spot))
        except RunCancelledError as error:
            offer_again(error)  # here, where its bar was: the first side's charts fill the page below
            return
    table = _show(place, answer, sides, metrics, depth, spot)
    _offer(view, sides, table, metrics, depth, spot, export)


def ahead(view: View) -> list[Task]:
    """Return what is run and measured for the page as it will be opened."""
    metrics = st.session_state.get(keys.COMPARE_METRICS, DEFAULT_METRICS)
    return [partial(_run_ahead, view, chosen_models(), _wanted(metrics))]


def _run_ahead(view: View, words: Sequence[str], metrics: tuple[str, ...], check: Check) -> None:
    sides = models_on(view, words)
    for one in sides:
        check()
        one.side()
        check()
        _measured(one.view, one.title, metrics)
    for other in sides[1:]:
        check()
        blocks_between(sides[0], other)


def _wanted(metrics: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*metrics, *ALWAYS)))


def _show(
    place: DeltaGenerator, answer: Answer, sides: Sequence[OneSide], metrics: list[str], depth: float, spot: Spot
) -> pd.DataFrame:
    """Draw what is known of some sides, and return their numbers."""
    with place:
        for one in sides:
            one.run_shown()
        runs = [one.side() for one in sides]
        table = joined([_measured(one.view, one.title, _wanted(metrics)) for one in sides])
        maps = [spot_map(run, depth, spot) for run in runs]
        describe(" · ".join(["; ".join(" · ".join([one.title, *subject(one.view)[1:]]) for one in sides)]))
        answer.say(compare_answer(depth, [_seen(table, found) for found in maps]), whole=len(sides) > 1)
        show_maps(sides, maps)
        _show_predictions(maps)
        _show_charts(table, metrics, [one.title for one in sides], depth)
        show_alike_sides(sides)
    return table


def _choose_depth() -> float:
    percent = st.slider(
        "Depth",
        0,
        100,
        5,
        5,
        format="%d %%",
        key=keys.COMPARE_DEPTH,
        bind="query-params",
        width=190,
        help="Of the network: each model shows its block whose middle is nearest.",
    )
    return percent / 100


def _choose_metrics() -> list[str]:
    return st.multiselect(
        "Against depth",
        EXACT,
        default=DEFAULT_METRICS,
        format_func=lambda name: CATALOGUE[name].title,
        key=keys.COMPARE_METRICS,
        bind="query-params",
        width=300,
    )


@st.cache_data(max_entries=24, show_spinner="Measuring every block ...", hash_funcs=BY_KEY)
def _measured(view: View, title: str, metrics: tuple[str, ...]) -> pd.DataFrame:
    return measured(OneSide(title, view).side(), metrics)


def _seen(table: pd.DataFrame, found: SpotMap) -> Seen:
    block = found.record.id
    return Seen(found.side.title, block.caption, of_block(table, found.side.title, block))


def _show_predictions(maps: Sequence[SpotMap]) -> None:
    st.markdown("#### Predictions")
    for column, found in zip(st.columns(len(maps), gap="medium"), maps, strict=True):
        with column:
            st.markdown(f"**{escaped(found.side.title)}**")
            classes = found.side.top_classes(SHOWN_CLASSES)
            for name, probability in classes:
                st.progress(min(probability, 1.0), text=f"{escaped(name)}: {percent(probability)}")
            if not classes:
                st.caption("It has no classifier.")


def _show_charts(table: pd.DataFrame, metrics: Sequence[str], titles: Sequence[str], depth: float) -> None:
    st.markdown("#### Against depth")
    note(sample_note(table, {name: CATALOGUE[name].title for name in metrics}, ANCHORS))
    for start in range(0, len(metrics), 2):
        for column, metric in zip(st.columns(2, gap="medium"), metrics[start:], strict=False):
            with column:
                st.markdown(f"**{CATALOGUE[metric].title}**", help=CATALOGUE[metric].sentence)
                figure = lines_by_depth(depth_lines(table, metric, titles), axis_title(metric), depth)
                chart(figure, f"compare_{metric}", CATALOGUE[metric].title, fills_width=True)


def _offer(
    view: View,
    sides: list[OneSide],
    table: pd.DataFrame,
    metrics: list[str],
    depth: float,
    spot: Spot,
    export: DeltaGenerator,
) -> None:
    """Offer what is shown as files."""
    framing: dict[str, Any] = {} if view.framing == "own" else {"framing": view.framing}
    settings = Compare(
        **picture_source(view.picture.source),
        **_other_picture(view, sides),
        **framing,
        models=side_words(sides),
        size=view.size,
        depth=depth,
        down=spot.down,
        across=spot.across,
        metrics=tuple(metrics),
    )

    def report() -> Report:
        return compare_report([spot_map(one.side(), depth, spot) for one in sides], table, metrics, depth)

    with export:
        Export(file_name(view, "compare"), report, settings, "every metric that is shown, of every block").offer()


def _other_picture(view: View, sides: Sequence[OneSide]) -> dict[str, Any]:
    other = sides[1].view.picture.source
    if other.sha256 == view.picture.source.sha256:
        return {}
    return {f"other_{name}": value for name, value in picture_source(other).items()}
