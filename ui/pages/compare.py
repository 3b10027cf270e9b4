"""Compare: models, or one model on two pictures, at the same spot and the same relative depth."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.answers.compare import Seen, compare_answer, sample_note
from analysis.commands.views.compare import EXACT, Compare
from analysis.compare.maps import CONVOLUTION, SpotMap, difference, spot_map
from analysis.compare.measured import ALWAYS, ANCHORS, joined, measured, of_block
from analysis.compare.spot import Spot, spot_of
from analysis.figures.compare_values import LOOKS, axis_title, depth_lines
from analysis.figures.numbers import percent
from analysis.figures.paper.compare import SidePanel
from analysis.figures.screen.compare import lines_by_depth
from analysis.redundancy.catalogue import CATALOGUE
from analysis.reports.compare import SHOWN_CLASSES, compare_report, map_panel, ratio_panel
from analysis.reports.report import Report
from stvit import TokenGrid
from stvit.images.samples import SUBJECTS
from ui import keys
from ui.address import Link, nearest_number
from ui.markdown import escaped
from ui.panels.alike_sides import show_alike_sides
from ui.panels.answer import Answer, asked
from ui.panels.export import Export, file_name, picture_source
from ui.panels.menu import menu
from ui.panels.panel import chart, note, subject
from ui.panels.sides import OneSide, choose_sides, repair_sides, side_words, wait_for_others
from ui.panels.spot_maps import Picked, SpotPanel, spot_maps
from ui.tray.pinning import describe
from ui.view.runs import is_sample
from ui.view.view import BY_KEY, View

QUESTION = "How do models differ in what they look at, at the same depth and the same spot?"

DEFAULT_METRICS = ["entropy", "distance"]
RATIO_COLOUR = "#7F7F7F"
STEPS = 1000
"""The spot is counted in thousandths of the picture's sides."""

MAPS = "compare_maps"


def repair(link: Link) -> None:
    """Replace what a link asks for but does not exist; call it before the page."""
    repair_sides(link)
    shares = {number: str(number) for number in range(STEPS + 1)}
    for key in (keys.COMPARE_DOWN, keys.COMPARE_ACROSS):
        link.repair_choice(key, "spot", shares, lambda asked: nearest_number(asked, shares, default=STEPS // 2))


def draw(view: View) -> None:
    """Draw the page."""
    answer = asked(QUESTION)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        sides = choose_sides(view)
        depth = _choose_depth()
        metrics = _choose_metrics()
        spot = _choose_spot(view)
        export = st.container(width="content")
    place = st.container()
    with export:
        wait_for_others(sides, lambda first: _show(place, answer, [first], metrics, depth, spot))
    table = _show(place, answer, sides, metrics, depth, spot)
    _offer(view, sides, table, metrics, depth, spot, export)


def _show(
    place: DeltaGenerator, answer: Answer, sides: Sequence[OneSide], metrics: list[str], depth: float, spot: Spot
) -> pd.DataFrame:
    """Draw what is known of some sides, and return their numbers."""
    wanted = tuple(dict.fromkeys((*metrics, *ALWAYS)))
    with place:
        with st.spinner("Running the model ..."):
            runs = [one.side() for one in sides]
        table = joined([_measured(one.view, one.title, wanted) for one in sides])
        maps = [spot_map(run, depth, spot) for run in runs]
        describe(" · ".join(["; ".join(" · ".join([one.title, *subject(one.view)[1:]]) for one in sides)]))
        answer.say(compare_answer(depth, [_seen(table, found) for found in maps]), whole=len(sides) > 1)
        _show_maps(sides, maps)
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


def _choose_spot(view: View) -> Spot:
    """Keep the numbers of the spot behind a button: a click in a map sets them."""
    home = _home(view)
    _follow_home(home)
    with menu("Spot", ":material/my_location:"):
        down, across = (
            st.number_input(f"{words}, thousandths of the picture", 0, STEPS, start, 1, key=key, bind="query-params")
            for words, key, start in zip(
                ("Down", "Across"), (keys.COMPARE_DOWN, keys.COMPARE_ACROSS), home, strict=True
            )
        )
    return Spot(down / STEPS, across / STEPS)


def _home(view: View) -> tuple[int, int]:
    """Return where the spot is until somebody moves it: the subject of a sample, else the middle."""
    source = view.picture.source
    shares = SUBJECTS.get(source.name, (0.5, 0.5)) if is_sample(source) else (0.5, 0.5)
    return round(shares[0] * STEPS), round(shares[1] * STEPS)


def _follow_home(home: tuple[int, int]) -> None:
    """Move a spot that nobody has moved to where it is at home in another picture."""
    state, before = st.session_state, st.session_state.get(keys.COMPARE_HOME)
    now = (state.get(keys.COMPARE_DOWN), state.get(keys.COMPARE_ACROSS))
    if before is not None and before != home and now == before:
        state.update({keys.COMPARE_DOWN: home[0], keys.COMPARE_ACROSS: home[1]})
    state[keys.COMPARE_HOME] = home


@st.cache_data(max_entries=24, show_spinner="Measuring every block ...", hash_funcs=BY_KEY)
def _measured(view: View, title: str, metrics: tuple[str, ...]) -> pd.DataFrame:
    return measured(OneSide(title, view).side(), metrics)


def _seen(table: pd.DataFrame, found: SpotMap) -> Seen:
    block = found.record.id
    return Seen(found.side.title, block.caption, of_block(table, found.side.title, block))


def _show_maps(sides: Sequence[OneSide], maps: Sequence[SpotMap]) -> None:
    """Show the map of each side, and how each other one differs from the first."""
    panels = [_panel(map_panel(found), _note(found), colour) for found, (colour, _) in zip(maps, LOOKS, strict=False)]
    places = [
        _Place(one.view, found.record.grid, found.record.token_pixels) for one, found in zip(sides, maps, strict=True)
    ]
    for number, other in enumerate(maps[1:], start=1):
        note = f"weight in {other.side.title} over weight in {maps[0].side.title}"
        panels.append(_panel(ratio_panel(maps[0], other), note, RATIO_COLOUR))
        places.append(places[0] if difference(maps[0], other).on is maps[0].side else places[number])
    spot_maps(panels, MAPS, partial(_move, places))


@dataclass(frozen=True)
class _Place:
    """Whose tokens a map shows; callbacks keep it, so it holds no arrays."""

    view: View
    grid: TokenGrid
    token_pixels: int


def _move(places: Sequence[_Place], picked: Picked) -> None:
    """Move the spot to the token that was pointed at."""
    place = places[picked.panel]
    spot = spot_of(place.view.picture, place.grid, place.token_pixels, picked.row, picked.column)
    st.session_state.update(
        {keys.COMPARE_DOWN: round(spot.down * STEPS), keys.COMPARE_ACROSS: round(spot.across * STEPS)}
    )


def _panel(panel: SidePanel, note: str, colour: str) -> SpotPanel:
    return SpotPanel(panel.title, note, colour, panel.canvas, panel.decades, panel.is_ratio)


def _note(found: SpotMap) -> str:
    grid = found.record.grid
    if not found.is_attention:
        return f"{grid.height} × {grid.width} tokens · {CONVOLUTION}"
    return (
        f"{grid.height} × {grid.width} tokens · entropy {found.entropy:.2f} nats · distance {found.distance:.0f} px · "
        f"mass kept {found.kept:.2f}"
    )


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
