"""Redundancy: what every block and head does, in numbers, with super tokens and without."""

from functools import partial

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from analysis.commands.views.redundancy import Redundancy
from analysis.figures.screen.depth import metric_by_depth
from analysis.figures.screen.heads import head_matrix
from analysis.figures.screen.heat import attention_map
from analysis.figures.style import KIND_COLOURS, PANEL_WIDTH
from analysis.redundancy.catalogue import CATALOGUE
from analysis.redundancy.uniform_values import uniform_values
from analysis.reports.charts import Matrix, of_head, redundancy_report, token_values
from stvit import BlockId, BlockRecord
from ui.measurements import ATTENTIONS, attentions_within_reach, measured
from ui.panels.export import Export, block_options, file_name, offer, picture_options, subject_of
from ui.panels.panel import heading
from ui.panels.pickers import choose_block, choose_head, keep_valid
from ui.view.view import View, current_view

DEFAULT_METRICS = ["entropy", "distance"]
CHART_COLUMNS = 2

MATRIX_WIDTH = 470
"""CSS pixels; the map of tokens stands beside it where the window has room."""


def show() -> None:
    """Draw the page."""
    view = current_view()
    reach = attentions_within_reach(view)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        attentions = st.pills(
            "Attention", reach, selection_mode="multi", default=[name for name in reach if name != "local"],
            format_func=ATTENTIONS.__getitem__, key="attentions", persist_state="session",
        )  # fmt: skip
        metrics = st.multiselect(
            "Against depth", list(CATALOGUE), default=DEFAULT_METRICS, format_func=_title, key="metrics",
            persist_state="session", width=420,
        )  # fmt: skip
        place = st.container(width="content")  # the export stands here, but knows what is chosen below
    if not attentions:
        st.info("Choose at least one kind of attention to measure.", icon=":material/info:")
        return
    left_out = "" if "global" in reach else " · global attention is left out: at this size it would take minutes"
    st.caption(f"{view.handle.title} · means over all tokens of the picture, dots are heads{left_out}")
    ordered = [name for name in ATTENTIONS if name in attentions]
    table = measured(view, tuple(ordered))
    _show_depth(view, table, metrics)
    matrix = _show_heads(view, table, ordered)
    settings = Redundancy(
        **picture_options(view),
        **block_options(matrix.record),
        head=matrix.head,
        attentions=tuple(ordered),
        metrics=tuple(metrics),
        matrix_metric=matrix.metric,
        matrix_attention=matrix.attention,
    )
    report = redundancy_report(subject_of(view), view.capture, table, metrics, matrix)
    with place:
        offer(Export(file_name(view, "redundancy"), report, settings, "every metric of every block and head"))


def _title(metric: str) -> str:
    return CATALOGUE[metric].title


def _show_depth(view: View, table: pd.DataFrame, metrics: list[str]) -> None:
    for start in range(0, len(metrics), CHART_COLUMNS):
        for column, metric in zip(st.columns(CHART_COLUMNS, gap="medium"), metrics[start:], strict=False):
            with column:
                st.markdown(f"**{_title(metric)}**", help=CATALOGUE[metric].sentence)
                figure = _depth_figure(view, table, metric)
                st.plotly_chart(figure, key=f"depth_{metric}", config={"displayModeBar": False})


def _depth_figure(view: View, table: pd.DataFrame, metric: str) -> go.Figure:
    part = table[table["metric"] == metric]
    blocks = sorted({(int(stage), int(block)) for stage, block in zip(part["stage"], part["block"], strict=True)})
    series = {
        str(kind): [rows["value"][(rows["stage"] == s) & (rows["block"] == b)].tolist() for s, b in blocks]
        for kind, rows in sorted(part.groupby("attention"), key=lambda entry: entry[0] == "super")
    }
    uniform = uniform_values(metric, view.capture.values())
    unit = CATALOGUE[metric].unit
    return metric_by_depth(blocks, series, title=_title(metric), unit=unit, uniform=uniform or None)


def _show_heads(view: View, table: pd.DataFrame, attentions: list[str]) -> Matrix:
    """Show one metric for every head, and the token map of the head that is clicked or chosen; return what is shown."""
    st.markdown("#### Heads and blocks")
    with st.container(horizontal=True):
        place = st.container(width=260)  # the metric stands before the attention, which says what metrics there are
        keep_valid("matrix_kind", attentions)
        kind = st.segmented_control(
            "of", attentions, default=attentions[0], required=True, format_func=ATTENTIONS.__getitem__,
            key="matrix_kind", persist_state="session",
        )  # fmt: skip
        of_kind = table[table["attention"] == kind]
        names = [
            name for name, metric in CATALOGUE.items() if metric.scope != "block" and (of_kind["metric"] == name).any()
        ]
        with place:
            metric = _choose_metric(names)
        record = choose_block(view.capture)
        head = choose_head(record)
    mapped = " Click a square to see where in the picture it comes from." if CATALOGUE[metric].scope == "token" else ""
    st.caption(f"{CATALOGUE[metric].sentence}{mapped}")
    part = of_kind[of_kind["metric"] == metric]
    cells = [(int(s), int(b), int(h)) for s, b, h in zip(part["stage"], part["block"], part["head"], strict=True)]
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=MATRIX_WIDTH):
            figure = head_matrix(
                cells, part["value"].tolist(), title=_title(metric), unit=CATALOGUE[metric].unit,
                chosen=(*record.id, head),
            )  # fmt: skip
            # Another chart for each choice: a square that was clicked before can then be clicked again.
            key = f"matrix_{record.id.stage}_{record.id.block}_{head}"
            st.plotly_chart(
                figure, key=key, on_select=partial(_open_clicked, key), selection_mode="points",
                config={"displayModeBar": False},
            )  # fmt: skip
        matrix = Matrix(metric, kind, record, head, _head_map(view, record, head, kind, metric))
        with st.container(width=PANEL_WIDTH):
            _show_map(view, matrix)
    return matrix


def _choose_metric(names: list[str]) -> str:
    if st.session_state.get("matrix_metric") not in names:
        st.session_state["matrix_metric"] = DEFAULT_METRICS[0]  # the attention that was chosen does not have it
    return st.selectbox("Metric", names, format_func=_title, key="matrix_metric", persist_state="session")


def _open_clicked(chart: str) -> None:
    """Make the clicked square the current block and head."""
    points = st.session_state[chart].selection.points
    if points:
        stage, block, head = points[0]["customdata"]
        st.session_state.update({"stage": stage, "block": block, "head": str(head)})


def _show_map(view: View, matrix: Matrix) -> None:
    """Show where in the picture a head's number comes from."""
    metric, record, head = matrix.metric, matrix.record, matrix.head
    if CATALOGUE[metric].scope != "token":
        st.info("This metric belongs to a whole head, so there is no map of it.", icon=":material/info:")
        return
    heading(
        record.id.caption.capitalize(),
        KIND_COLOURS[matrix.attention],
        "mean over heads" if head is None else f"head {head + 1}",
    )
    if matrix.values is None:
        st.info("A single head has no other heads to differ from.", icon=":material/info:")
        return
    figure = attention_map(
        view.picture.shown, matrix.values, None, token_pixels=record.id.stride,
        quantity=f"{_title(metric)} ({CATALOGUE[metric].unit})", minimum=float(matrix.values.min()), relative=False,
    )  # fmt: skip
    st.plotly_chart(figure, key="token_map", width="content", config={"displayModeBar": False})


def _head_map(view: View, record: BlockRecord, head: int | None, kind: str, metric: str) -> np.ndarray | None:
    values = _token_values((view.key, kind, metric), record.id, record, record.id.stride)
    return None if values is None else of_head(values, head, record)


@st.cache_data(max_entries=64, show_spinner="Measuring each token ...")
def _token_values(key: tuple[str, str, str], block: BlockId, _record: BlockRecord, stride: int) -> np.ndarray | None:
    _, kind, metric = key
    return token_values(_record, kind, metric, stride)


show()
