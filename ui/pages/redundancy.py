"""Redundancy: what every block and head does, in numbers, with super tokens and without."""

from collections.abc import Sequence
from functools import partial

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.answers.redundancy import METRICS as ANSWERED
from analysis.answers.redundancy import redundancy_answer, usual_answer
from analysis.attention.kinds import KINDS, OWN
from analysis.attention.own import own_attention_title
from analysis.commands.views.redundancy import Redundancy
from analysis.figures.ledger_values import depth_values, head_values
from analysis.figures.screen.depth import metric_by_depth
from analysis.redundancy.catalogue import CATALOGUE
from analysis.redundancy.groups import FIRST, grouped, listed_title
from analysis.redundancy.uniform_values import uniform_values
from analysis.reports.charts import measured_on, redundancy_report, spread_of
from analysis.reports.report import Report
from analysis.sweeps.reference import Bands
from stvit.error_text import counted
from ui import keys
from ui.ahead import Task
from ui.panels.answer import asked
from ui.panels.bands import ManyPictures, choose_bands
from ui.panels.export import Export, block_options, file_name, picture_options, subject_of
from ui.panels.heads import ChosenHead, choose_heads, kept_map, matrix_of, show_heads
from ui.panels.ledgers import Ledger, ledger_of, unasked_ledger
from ui.panels.menu import menu
from ui.panels.panel import caption, chart, note
from ui.panels.similarity import show_similarity
from ui.view.view import View

QUESTION = "Is the attention of this model redundant, and where?"

MEANING = (
    "Redundant here means that less would do: rows that are nearly uniform say little (normalised entropy near 1), "
    "rows that are alike have a low effective rank, heads that attend alike repeat each other (head cosine near 1), "
    "and tokens that are alike already have nothing to tell each other (token cosine near 1)."
)

DEFAULT_ATTENTIONS = ["super", "global"]
EXACT = grouped(name for name, metric in CATALOGUE.items() if not metric.is_estimate)
"""Metrics that can be chosen; an estimate is shown where its metric is, hollow."""

CHART_COLUMNS = 2
CHART_HEIGHT = 270


def draw(view: View) -> None:
    """Draw the page."""
    answer = asked(QUESTION)
    attentions, metrics, many, export = _choose(view)
    if not attentions:
        st.info("Choose at least one kind of attention to measure.", icon=":material/info:")
        return
    told = st.empty()
    ledger = ledger_of(view, attentions)
    with told:
        caption(
            view,
            measured_on(ledger.anchors),
            "dots are heads",
            *_banded(many),
        )
    bands = many.bands if many else None
    places = _places(metrics)
    ranks = _ranks(metrics)
    others = [name for name in metrics if name not in ranks]
    quick = _quick(metrics)
    table = ledger.of(quick)
    with ledger.ahead(ranks):  # which take longest
        _show_charts(view, table, others, bands, places)
        answer.say(_answer(view, table, attentions, bands))
        st.markdown("#### Heads and blocks")
        chosen = choose_heads(view, attentions)
        of_heads = table if chosen.metric in quick else ledger.of([chosen.metric])
        mapped = show_heads(view, head_values(of_heads, chosen.metric, chosen.attention), chosen, bands)
        show_similarity(view, view.records[chosen.block], chosen.attention)
        with export:
            _export(view, ledger, metrics, chosen, mapped, many).offer()
        if ranks:
            with places[ranks[0]]:
                table = ledger.of(ranks)
            _show_charts(view, table, ranks, bands, places)


def ahead(view: View) -> list[Task]:
    """Return what is measured for the page as it will be opened."""
    attentions = tuple(name for name in KINDS if name in st.session_state.get(keys.ATTENTIONS, DEFAULT_ATTENTIONS))
    metrics = st.session_state.get(keys.METRICS, FIRST)
    if not attentions:
        return []
    ledger = unasked_ledger(view, attentions)
    return [partial(ledger.measure_ahead, names) for names in (_quick(metrics), _ranks(metrics)) if names]


def _ranks(metrics: Sequence[str]) -> list[str]:
    """Return the metrics that take longest, which are drawn last."""
    return [name for name in metrics if CATALOGUE[name].takes == "spectrum"]


def _quick(metrics: Sequence[str]) -> list[str]:
    """Return the other metrics that the page shows or names."""
    return sorted({*metrics, *ANSWERED} - {*_ranks(metrics)})


def _choose(view: View) -> tuple[tuple[str, ...], list[str], ManyPictures | None, DeltaGenerator]:
    """Draw the choices of attentions, metrics and many pictures, and return them with the place of the export.

    They take one row of a laptop, so that question, answer and first chart are seen at once; rarer ones open below.
    """
    row, below = st.container(horizontal=True, vertical_alignment="bottom"), st.container()
    with row:
        attentions = st.pills(
            "Attention",
            list(KINDS),
            selection_mode="multi",
            default=DEFAULT_ATTENTIONS,
            format_func=lambda name: KINDS[name].short,
            key=keys.ATTENTIONS,
            bind="query-params",
            persist_state="session",
        )
        with st.container(width="content"):
            many = choose_bands(view, below)
        with menu("Metrics", ":material/checklist:"):
            metrics = st.multiselect(
                "Against depth",
                EXACT,
                default=list(FIRST),
                format_func=listed_title,
                key=keys.METRICS,
                bind="query-params",
                persist_state="session",
                width=560,
            )
            note(MEANING)
        export = st.container(width="content")  # it knows what is chosen below
    return tuple(name for name in KINDS if name in attentions), metrics, many, export


def _banded(many: ManyPictures | None) -> list[str]:
    return [f"bands: 90 % of {counted(many.bands.swept.pictures, 'picture')}"] if many else []


def _answer(view: View, table: pd.DataFrame, attentions: Sequence[str], bands: Bands | None) -> str:
    titles = {OWN: own_attention_title(view.records.values())}
    titles |= {name: KINDS[name].title for name in attentions if name != OWN}
    return " ".join([redundancy_answer(table, titles), *([usual_answer(table, bands)] if bands else [])])


def _places(metrics: list[str]) -> dict[str, DeltaGenerator]:
    """Return a container for each chart, side by side in columns."""
    found: dict[str, DeltaGenerator] = {}
    for start in range(0, len(metrics), CHART_COLUMNS):
        columns = st.columns(CHART_COLUMNS, gap="medium")
        found |= dict(zip(metrics[start:], columns, strict=False))
    return found


def _show_charts(
    view: View, table: pd.DataFrame, metrics: list[str], bands: Bands | None, places: dict[str, DeltaGenerator]
) -> None:
    own = own_attention_title(view.records.values())
    for metric in metrics:
        with places[metric]:
            found = depth_values(table, metric, own)
            hollow = " (hollow: estimates)" if found.has_estimates else ""
            st.markdown(f"**{CATALOGUE[metric].title}**{hollow}", help=CATALOGUE[metric].sentence)
            uniform, spread = uniform_values(metric, view.records.values()), spread_of(bands, found, metric)
            figure = metric_by_depth(found, uniform=uniform, spread=spread, height=CHART_HEIGHT)
            chart(figure, f"depth_{metric}", CATALOGUE[metric].title, fills_width=True)


def _export(
    view: View,
    ledger: Ledger,
    metrics: list[str],
    chosen: ChosenHead,
    mapped: bool,
    many: ManyPictures | None,
) -> Export:
    """Return what is shown as files."""
    settings = Redundancy(
        **picture_options(view),
        **block_options(view.records[chosen.block]),
        head=chosen.head,
        attentions=ledger.attentions,
        metrics=tuple(metrics),
        matrix_metric=chosen.metric,
        matrix_attention=chosen.attention,
        matrix_colours=chosen.colours,
        anchors=ledger.anchors,
        no_map=not mapped,
        bands=many.name if many else None,
    )

    kept = kept_map(view, chosen)

    def report() -> Report:
        return redundancy_report(
            subject_of(view),
            view.records,
            ledger.everything(),
            metrics,
            matrix_of(view, chosen, kept, with_map=mapped),
            anchors=ledger.anchors,
            bands=many.bands if many else None,
        )

    return Export(file_name(view, "redundancy"), report, settings, "every metric of every block and head")
