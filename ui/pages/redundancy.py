"""Redundancy: what every block and head does, in numbers, with super tokens and without."""

from functools import partial

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis import ledger
from analysis.attention.kinds import ALL_PAIRS_TOKENS, KINDS
from analysis.attention.own import own_attention_title
from analysis.commands.views.redundancy import Redundancy
from analysis.figures.canvas import Canvas
from analysis.figures.ledger_values import HeadValues, depth_values, head_values
from analysis.figures.screen.depth import metric_by_depth
from analysis.figures.screen.heads import head_matrix
from analysis.figures.screen.heat import heat_map
from analysis.redundancy.catalogue import CATALOGUE, ESTIMATE
from analysis.redundancy.uniform_values import uniform_values
from analysis.reports.charts import Matrix, of_head, redundancy_report, token_panel, token_values
from analysis.reports.report import Report
from stvit import BlockId
from stvit.captions import head_caption
from ui import keys
from ui.panels.answer import asked
from ui.panels.export import Export, block_options, file_name, picture_options, subject_of
from ui.panels.panel import caption, chart, heading, slot
from ui.panels.pickers import choose_block, choose_head, keep_valid, open_head
from ui.view.view import BY_KEY, View

QUESTION = "Is the attention of this model redundant, and where?"

DEFAULT_ATTENTIONS = ["super", "global"]
DEFAULT_METRICS = ["entropy", "distance"]
EXACT = [name for name, metric in CATALOGUE.items() if not metric.is_estimate]
"""Metrics that can be chosen; an estimate is shown where its metric is, hollow."""

CHART_COLUMNS = 2

MATRIX_WIDTH = 470
"""CSS pixels; the map of tokens stands beside it where the window has room."""


def draw(view: View) -> None:
    """Draw the page."""
    asked(QUESTION)
    offered = _offered(view)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        attentions = st.pills(
            "Attention",
            offered,
            selection_mode="multi",
            default=[name for name in offered if name in DEFAULT_ATTENTIONS],
            format_func=lambda name: KINDS[name].short,
            key=keys.ATTENTIONS,
            persist_state="session",
        )
        metrics = st.multiselect(
            "Against depth",
            EXACT,
            default=DEFAULT_METRICS,
            format_func=lambda name: CATALOGUE[name].title,
            key=keys.METRICS,
            persist_state="session",
            width=420,
        )
        export = st.container(width="content")  # it knows what is chosen below
    if not attentions:
        st.info("Choose at least one kind of attention to measure.", icon=":material/info:")
        return
    left_out = [] if "global" in offered else ["global attention is left out: at this size it would take minutes"]
    caption(view, "means over all tokens of the picture, dots are heads", *left_out)
    ordered = tuple(name for name in KINDS if name in attentions)
    table = _measured(view, ordered)
    _show_depth(view, table, metrics)
    _offer(view, table, metrics, _show_heads(view, table, ordered), ordered, export)


def _offered(view: View) -> list[str]:
    """Return the kinds of attention that can be measured here within seconds."""
    most = max(record.grid.num_tokens for record in view.capture.values())
    return [name for name, kind in KINDS.items() if kind.quick or most <= ALL_PAIRS_TOKENS]


@st.cache_data(max_entries=8, show_spinner="Measuring every block and head ...", show_time=True, hash_funcs=BY_KEY)
def _measured(view: View, attentions: tuple[str, ...]) -> pd.DataFrame:
    """Return the ledger of a view."""
    return ledger(view.capture, attentions=attentions, image_names=[view.picture.source.name])


def _show_depth(view: View, table: pd.DataFrame, metrics: list[str]) -> None:
    own = own_attention_title(view.capture.values())
    for start in range(0, len(metrics), CHART_COLUMNS):
        for column, metric in zip(st.columns(CHART_COLUMNS, gap="medium"), metrics[start:], strict=False):
            with column:
                st.markdown(f"**{CATALOGUE[metric].title}**", help=CATALOGUE[metric].sentence)
                uniform = uniform_values(metric, view.capture.values())
                figure = metric_by_depth(depth_values(table, metric, own), uniform=uniform)
                chart(figure, f"depth_{metric}", fills_width=True)


def _show_heads(view: View, table: pd.DataFrame, attentions: tuple[str, ...]) -> Matrix:
    """Show one metric for every head, and the token map of the head that is clicked or chosen; return what is shown."""
    st.markdown("#### Heads and blocks")
    with st.container(horizontal=True):
        above = st.container(width=260)  # shown before the attention, which determines the metrics
        kind = _choose_kind(attentions)
        of_kind = table[table["attention"] == kind]
        with above:
            metric = _choose_metric(of_kind)
        record = choose_block(view.capture)
        head = choose_head(record)
    mapped = " Click a square to see where in the picture it comes from." if _has_map(metric) else ""
    st.caption(f"{CATALOGUE[metric].sentence}{mapped}")
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=MATRIX_WIDTH):
            _show_matrix(head_values(table, metric, kind), record.id, head)
        matrix = _matrix(view, metric, kind, record.id, head)
        with slot():
            _show_map(view, matrix)
    return matrix


def _choose_kind(attentions: tuple[str, ...]) -> str:
    keep_valid(keys.MATRIX_ATTENTION, attentions)
    return st.segmented_control(
        "of",
        attentions,
        default=attentions[0],
        required=True,
        format_func=lambda name: KINDS[name].short,
        key=keys.MATRIX_ATTENTION,
        persist_state="session",
    )


def _choose_metric(of_kind: pd.DataFrame) -> str:
    measured = {name.removesuffix(ESTIMATE) for name in of_kind["metric"]}
    names = [name for name in EXACT if CATALOGUE[name].scope != "block" and name in measured]
    if st.session_state.get(keys.MATRIX_METRIC) not in names:
        st.session_state[keys.MATRIX_METRIC] = DEFAULT_METRICS[0]  # the attention that was chosen does not have it
    return st.selectbox(
        "Metric",
        names,
        format_func=lambda name: CATALOGUE[name].title,
        key=keys.MATRIX_METRIC,
        persist_state="session",
    )


def _show_matrix(found: HeadValues, block: BlockId, head: int | None) -> None:
    figure = head_matrix(found, chosen=(*block, head))
    # Another chart for each choice: a square that was clicked before can then be clicked again.
    key = f"matrix_{block.stage}_{block.block}_{head}"
    chart(figure, key, fills_width=True, on_select=partial(_open_clicked, key))


def _open_clicked(chart_key: str) -> None:
    """Make the clicked square the current block and head."""
    points = st.session_state[chart_key].selection.points
    if points:
        stage, block, head = points[0]["customdata"]
        open_head(BlockId(stage, block), head)


def _has_map(metric: str) -> bool:
    return CATALOGUE[metric].scope == "token"


def _show_map(view: View, matrix: Matrix) -> None:
    """Show where in the picture a head's number comes from."""
    record = matrix.record
    if not _has_map(matrix.metric):
        st.info("This metric belongs to a whole head, so there is no map of it.", icon=":material/info:")
        return
    heading(record.id.caption.capitalize(), KINDS[matrix.attention].colour, head_caption(matrix.head, record.heads))
    panel = token_panel(matrix, "")
    if panel is None:
        st.info("A single head has no other heads to differ from.", icon=":material/info:")
        return
    figure = heat_map(Canvas(view.picture.shown, record.id.stride), panel)
    chart(figure, "token_map")


def _matrix(view: View, metric: str, kind: str, block: BlockId, head: int | None) -> Matrix:
    record = view.capture[block]
    values = _token_values(view, kind, metric, block)
    return Matrix(metric, kind, record, head, None if values is None else of_head(values, head, record))


@st.cache_data(max_entries=64, show_spinner="Measuring each token ...", hash_funcs=BY_KEY)
def _token_values(view: View, kind: str, metric: str, block: BlockId) -> np.ndarray | None:
    record = view.capture[block]
    return token_values(record, kind, metric, record.id.stride)


def _offer(
    view: View,
    table: pd.DataFrame,
    metrics: list[str],
    matrix: Matrix,
    attentions: tuple[str, ...],
    export: DeltaGenerator,
) -> None:
    """Offer what is shown as files."""
    settings = Redundancy(
        **picture_options(view),
        **block_options(matrix.record),
        head=matrix.head,
        attentions=attentions,
        metrics=tuple(metrics),
        matrix_metric=matrix.metric,
        matrix_attention=matrix.attention,
    )
    shown = partial(_matrix, view, matrix.metric, matrix.attention, matrix.record.id, matrix.head)

    def report() -> Report:
        return redundancy_report(subject_of(view), view.capture, table, metrics, shown())

    with export:
        Export(file_name(view, "redundancy"), report, settings, "every metric of every block and head").offer()
