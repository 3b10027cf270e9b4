"""Dataset: what a metric is like over many pictures, and what it goes along with."""

import shlex

import pandas as pd
import streamlit as st

from analysis.answers.dataset import comparison_answer, correctness_answer, dataset_answer
from analysis.any_model import has_super_tokens
from analysis.attention.kinds import KINDS, OWN, own_title
from analysis.commands.views.dataset import Dataset
from analysis.figures.dataset_values import correlation_curves, difference_curves, spread_curves
from analysis.figures.screen.dataset import bands_by_depth, class_bars, intervals_by_depth, value_histogram
from analysis.redundancy.catalogue import CATALOGUE
from analysis.redundancy.groups import grouped, listed_title
from analysis.reports.dataset import DatasetTables, dataset_report, dataset_tables
from analysis.reports.sweep import measured_at
from analysis.sweeps.one_block import Place, blocks_of, histogram
from analysis.sweeps.reading import Sweep, accuracy
from analysis.sweeps.reference import QUANTILES, REFERENCE, Bands, read_reference
from stvit import BlockId
from stvit.error_text import counted
from stvit.foreign_text import plain
from ui import keys
from ui.panels.answer import Answer, asked
from ui.panels.bands import choose_folder, show_failure
from ui.panels.export import Export
from ui.panels.extremes import show_extremes
from ui.panels.panel import chart, note
from ui.tray.pinning import describe
from ui.view.sweeps import key_of, opened
from ui.view.view import View

QUESTION = "What is redundancy like over many pictures, and what does it go along with?"

METRICS = grouped(name for name, metric in CATALOGUE.items() if not metric.is_estimate)

MOST_CLASSES = 20
"""Of more classes, those at both ends are drawn."""


def draw(view: View) -> None:
    """Draw the page."""
    answer = asked(QUESTION)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        folder = choose_folder()
        against = choose_folder("Against another sweep", keys.DATASET_AGAINST) if folder else ""
        metric = st.selectbox(
            "Metric",
            METRICS,
            format_func=listed_title,
            key=keys.DATASET_METRIC,
            bind="query-params",
            persist_state="session",
            width=300,
        )
    if not folder:
        _show_reference(view, metric, answer)
        return
    try:
        sweep, other = opened(folder), opened(against) if against else None
    except (OSError, ValueError) as error:
        show_failure(error)
        return
    _show(sweep, other, metric, answer)


def _show_reference(view: View, metric: str, answer: Answer) -> None:
    """Show the reference that ships, and how to make a sweep of one's own."""
    known = read_reference(REFERENCE)
    flag, name = view.handle.options
    is_of_model = flag == "--model" and name in known
    bands = known[name if is_of_model else next(iter(known))]
    own = own_title(has_super_tokens(view.handle.network) if is_of_model else True)
    spread = _spread(bands, metric)
    pictures = bands.swept.pictures
    said = f"The reference that ships: {plain(bands.model)} on {counted(pictures, 'picture')} of Imagenette at "
    said += f"{bands.swept.size} px."
    describe(said)
    named = _names(metric, spread, OWN, own)
    answer.say(dataset_answer(spread[spread["attention"].isin([OWN, "block"])], *named, pictures))
    note(f"{said} Lines are medians of means over heads, bands hold 50 % and 90 % of the pictures.")
    _show_bands(spread, metric, own)
    st.markdown(
        "Classes, pictures, correlations and comparisons need a sweep of your own. This command makes one; name its "
        "folder above."
    )
    command = f"python -m analysis sweep PICTURES {shlex.join(view.handle.options)} --out FOLDER"
    st.code(command, language="bash", wrap_lines=True)


def _spread(bands: Bands, metric: str) -> pd.DataFrame:
    """Return quantiles of a reference as those of a sweep."""
    parts = [bands.of(metric, kind).assign(attention=kind) for kind in (OWN, "global")]
    if CATALOGUE[metric].scope == "block":
        parts = [parts[0].assign(attention="block")]
    return pd.concat(parts, ignore_index=True).astype(dict.fromkeys(QUANTILES, "float64"))


def _show(sweep: Sweep, other: Sweep | None, metric: str, answer: Answer) -> None:
    """Show one metric of a sweep."""
    said = sweep.configuration
    with st.container(horizontal=True, vertical_alignment="bottom"):
        attention = _choose_attention(said["settings"]["attentions"])
        block = _choose_block(sweep)
        export = st.container(width="content")
    place = Place(metric, *block)
    try:
        tables = _tables(sweep, other, place, attention)
    except ValueError as error:
        show_failure(error)
        return
    describe(_subject(sweep))
    answer.say(" ".join(_answers(sweep, other, tables, metric, attention)))
    note(plain(_subject(sweep), 300))
    _show_bands(tables.spread, metric, sweep.own_title)
    _show_block(sweep, place, tables)
    st.markdown("#### Correlation with correctness and probability")
    note("Pearson's r over pictures with its 95 % interval; a sample of tokens weakens it towards 0.")
    figure = intervals_by_depth(correlation_curves(tables.correlations), "r")
    chart(figure, "dataset_correlations", "Correlation with correctness", fills_width=True)
    if other is not None and tables.differences is not None:
        _show_differences(sweep, other, tables.differences, metric)
    st.markdown("#### Pictures at both ends")
    show_extremes(sweep)
    with export:
        _export(sweep, other, place, attention).offer()


def _choose_attention(attentions: list[str]) -> str:
    known = [name for name in KINDS if name in attentions]
    if st.session_state.get(keys.DATASET_ATTENTION, known[0]) not in known:
        st.session_state[keys.DATASET_ATTENTION] = known[0]
    chosen = st.segmented_control(
        "Classes and correlations of",
        known,
        default=known[0],
        required=True,
        format_func=lambda name: KINDS[name].short,
        key=keys.DATASET_ATTENTION,
        bind="query-params",
        persist_state="session",
    )
    return chosen or known[0]


def _choose_block(sweep: Sweep) -> BlockId:
    labels = {block.short: block for block in _blocks(sweep)}
    if st.session_state.get(keys.DATASET_BLOCK, next(iter(labels))) not in labels:
        st.session_state[keys.DATASET_BLOCK] = next(iter(labels))
    chosen = st.selectbox(
        "Block", list(labels), key=keys.DATASET_BLOCK, bind="query-params", persist_state="session", width=110
    )
    return labels[chosen]


@st.cache_data(max_entries=8, show_spinner=False, hash_funcs={Sweep: key_of})
def _blocks(sweep: Sweep) -> list[BlockId]:
    return blocks_of(sweep)


@st.cache_data(max_entries=64, show_spinner="Reading the sweep ...", hash_funcs={Sweep: key_of})
def _tables(sweep: Sweep, other: Sweep | None, place: Place, attention: str) -> DatasetTables:
    return dataset_tables(sweep, other, place, attention)


def _subject(sweep: Sweep) -> str:
    said = sweep.configuration
    errors = f" · {said['errors']:,} could not be measured" if said["errors"] else ""
    return (
        f"{plain(said['model'], 80)} · {counted(said['pictures'], 'picture')}, {measured_at(said['settings'])}{errors} "
        "· lines are medians of means over heads, bands hold 50 % and 90 % of the pictures"
    )


def _names(metric: str, spread: pd.DataFrame, attention: str, own: str) -> tuple[str, str]:
    """Return what people call the metric and its attention, which a metric of blocks has not."""
    of_blocks = bool(len(spread)) and (spread["attention"] == "block").all()
    title = own if attention == OWN else KINDS[attention].title
    return CATALOGUE[metric].title, "" if of_blocks else title


def _answers(sweep: Sweep, other: Sweep | None, tables: DatasetTables, metric: str, attention: str) -> list[str]:
    spread = tables.spread[tables.spread["attention"].isin([attention, "block"])]
    linked = tables.correlations[tables.correlations["answer"] == "correct"]
    said = [
        dataset_answer(
            spread, *_names(metric, tables.spread, attention, sweep.own_title), sweep.configuration["pictures"]
        ),
        correctness_answer(*_accuracy(sweep), linked, CATALOGUE[metric].title),
    ]
    if other is not None and tables.differences is not None:
        own = tables.differences[tables.differences["attention"].isin([attention, "block"])]
        said.append(comparison_answer(own, CATALOGUE[metric].title, plain(other.configuration["model"], 80)))
    return [sentence for sentence in said if sentence]


@st.cache_data(max_entries=8, show_spinner=False, hash_funcs={Sweep: key_of})
def _accuracy(sweep: Sweep) -> tuple[float, int]:
    return accuracy(sweep)


def _show_bands(spread: pd.DataFrame, metric: str, own: str) -> None:
    st.markdown(f"**{CATALOGUE[metric].title}**", help=CATALOGUE[metric].sentence)
    curves = spread_curves(spread, own) if len(spread) else []
    chart(bands_by_depth(curves, _axis(metric)), "dataset_bands", CATALOGUE[metric].title, fills_width=True)


def _axis(metric: str) -> str:
    return f"{CATALOGUE[metric].title} ({CATALOGUE[metric].unit})"


def _show_block(sweep: Sweep, place: Place, tables: DatasetTables) -> None:
    """Show the distribution in one block, and its classes."""
    caption = BlockId(place.stage, place.block).caption
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(f"**Pictures in {caption}**")
        found = _histogram(sweep, place)
        figure = value_histogram(found, sweep.own_title, _axis(place.metric))
        chart(figure, "dataset_histogram", f"Pictures in {caption}", fills_width=True)
    with right:
        shown = tables.classes
        if len(shown) > MOST_CLASSES:
            shown = pd.concat([shown.head(MOST_CLASSES // 2), shown.tail(MOST_CLASSES // 2)])
        rest = f", the ends of {len(tables.classes):,}" if len(shown) < len(tables.classes) else ""
        st.markdown(f"**Classes in {caption}{rest}**")
        figure = class_bars(shown, _axis(place.metric))
        chart(figure, "dataset_classes", f"Classes in {caption}{rest}", fills_width=True)


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs={Sweep: key_of})
def _histogram(sweep: Sweep, place: Place) -> pd.DataFrame:
    return histogram(sweep, place)


def _show_differences(sweep: Sweep, other: Sweep, differences: pd.DataFrame, metric: str) -> None:
    first, second = (plain(one.configuration["model"], 80) for one in (sweep, other))
    names = f"{second} minus {first}" if first != second else "The other sweep minus the first"
    st.markdown("#### Against the other sweep")
    note(f"{names}, mean over the pictures of both with its 95 % interval.")
    figure = intervals_by_depth(difference_curves(differences, sweep.own_title), _axis(metric))
    chart(figure, "dataset_differences", "Against the other sweep", fills_width=True)


def _export(sweep: Sweep, other: Sweep | None, place: Place, attention: str) -> Export:
    settings = Dataset(
        sweep=sweep.folder,
        against=None if other is None else other.folder,
        metric=place.metric,
        attention=attention,
        stage=place.stage,
        block=place.block,
    )
    return Export(
        f"dataset-{place.metric}".replace("_", "-"),
        lambda: dataset_report(sweep, other, place, attention),
        settings,
        "quantiles, correlations, classes and differences",
    )
