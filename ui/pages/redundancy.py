"""Redundancy: what every block and head does, in numbers, with super tokens and without."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from analysis.attention_sources import RowSource
from analysis.baselines import global_attention, local_attention
from analysis.figures.attention_maps import attention_map
from analysis.figures.depth import metric_by_depth
from analysis.figures.heads import head_matrix
from analysis.figures.style import KIND_COLOURS, PANEL_WIDTH
from analysis.metric_catalogue import BLOCK_METRICS, CATALOGUE, ROW_METRICS
from analysis.redundancy import per_token
from analysis.uniform import uniform_distance, uniform_entropy
from stvit import BlockId, BlockRecord
from ui.headings import heading
from ui.measurements import ATTENTIONS, attentions_within_reach, measured
from ui.toolbar import choose_block, choose_head
from ui.view import View, current_view

SOURCES: dict[str, Callable[[BlockRecord], RowSource]] = {
    "super": BlockRecord.token_attention,
    "global": global_attention,
    "local": local_attention,
}

DEFAULT_METRICS = ["entropy", "distance"]
CHART_COLUMNS = 2

MATRIX_WIDTH = 620
"""CSS pixels; the map of tokens stands beside it where the window has room."""


def show() -> None:
    """Draw the page."""
    view = current_view()
    reach = attentions_within_reach(view)
    with st.container(horizontal=True):
        attentions = st.pills(
            "Attention", reach, selection_mode="multi", default=[name for name in reach if name != "local"],
            format_func=ATTENTIONS.__getitem__, key="attentions", persist_state="session",
        )  # fmt: skip
        metrics = st.multiselect(
            "Against depth", list(CATALOGUE), default=DEFAULT_METRICS, format_func=_title, key="metrics",
            persist_state="session", width=420,
        )  # fmt: skip
    if not attentions:
        st.info("Choose at least one kind of attention to measure.", icon=":material/info:")
        return
    left_out = "" if "global" in reach else " · global attention is left out: at this size it would take minutes"
    st.caption(f"{view.handle.title} · means over all tokens of the picture, dots are heads{left_out}")
    table = measured(view, tuple(name for name in ATTENTIONS if name in attentions))
    _show_depth(view, table, metrics)
    _show_heads(view, table, attentions)
    st.download_button(
        "Download the whole table (CSV)", lambda: table.to_csv(index=False), "ledger.csv", "text/csv",
        icon=":material/download:", on_click="ignore",
    )  # fmt: skip


def _title(metric: str) -> str:
    return metric.replace("_", " ").capitalize()


def _show_depth(view: View, table: pd.DataFrame, metrics: list[str]) -> None:
    for start in range(0, len(metrics), CHART_COLUMNS):
        for column, metric in zip(st.columns(CHART_COLUMNS, gap="medium"), metrics[start:], strict=False):
            with column:
                st.markdown(f"**{_title(metric)}**", help=CATALOGUE[metric].meaning)
                figure = _depth_figure(view, table, metric)
                st.plotly_chart(figure, key=f"depth_{metric}", config={"displayModeBar": False})


def _depth_figure(view: View, table: pd.DataFrame, metric: str) -> go.Figure:
    part = table[table["metric"] == metric]
    blocks = sorted({(int(stage), int(block)) for stage, block in zip(part["stage"], part["block"], strict=True)})
    series = {
        str(kind): [rows["value"][(rows["stage"] == s) & (rows["block"] == b)].tolist() for s, b in blocks]
        for kind, rows in sorted(part.groupby("attention"), key=lambda entry: entry[0] == "super")
    }
    unit, uniform = CATALOGUE[metric].unit, None
    records = {tuple(block): record for block, record in view.capture.items()}
    if metric == "entropy":
        uniform = [uniform_entropy(records[block].grid) for block in blocks]
    elif metric == "distance":
        stride = view.picture.framing.stride
        uniform = [uniform_distance(records[b].grid, stride(records[b].grid)) for b in blocks]
    return metric_by_depth(blocks, series, title=_title(metric), unit=unit, uniform=uniform)


def _show_heads(view: View, table: pd.DataFrame, attentions: list[str]) -> None:
    """Show one metric for every head, and the token map of the head that is clicked or chosen."""
    st.markdown("#### Heads and blocks")
    names = [name for name in CATALOGUE if name not in BLOCK_METRICS and (table["metric"] == name).any()]
    with st.container(horizontal=True):
        metric = st.selectbox(
            "Metric", names, format_func=_title, key="matrix_metric", width=260, persist_state="session"
        )
        kind = st.segmented_control(
            "of",
            attentions,
            default=attentions[0],
            required=True,
            format_func=ATTENTIONS.__getitem__,
            key="matrix_kind",
        )
        record = choose_block(view.capture)
        head = choose_head(record)
    st.caption(f"{CATALOGUE[metric].meaning} Click a square to see where in the picture it comes from.")
    part = table[(table["metric"] == metric) & (table["attention"] == kind)]
    cells = [(int(s), int(b), int(h)) for s, b, h in zip(part["stage"], part["block"], part["head"], strict=True)]
    with st.container(horizontal=True, gap="large"):
        with st.container(width=MATRIX_WIDTH):
            figure = head_matrix(cells, part["value"].tolist(), title=_title(metric), unit=CATALOGUE[metric].unit)
            st.plotly_chart(figure, key="matrix", on_select=_open_clicked, selection_mode="points")
        with st.container(width=PANEL_WIDTH):
            _show_map(view, record, head, kind, metric)


def _open_clicked() -> None:
    """Make the clicked square the current block and head."""
    points = st.session_state["matrix"].selection.points
    if points:
        stage, block, head = points[0]["customdata"]
        st.session_state.update({"stage": stage, "block": block, "head": str(head)})


def _show_map(view: View, record: BlockRecord, head: int | None, kind: str, metric: str) -> None:
    if metric not in ROW_METRICS:
        st.info("This metric belongs to a whole head, so there is no map of it.", icon=":material/info:")
        return
    heading(
        record.id.caption.capitalize(), KIND_COLOURS[kind], "mean over heads" if head is None else f"head {head + 1}"
    )
    values = _token_map((view.key, kind, metric), record.id, record, view.picture.framing.stride(record.grid))
    if values is None:
        st.info("A single head has no other heads to differ from.", icon=":material/info:")
        return
    shown = values.mean(0) if head is None else values[head]
    figure = attention_map(
        view.picture.shown, shown.reshape(record.grid.height, record.grid.width), None,
        token_pixels=view.picture.framing.stride(record.grid), quantity=f"{_title(metric)} ({CATALOGUE[metric].unit})",
        relative=False,
    )  # fmt: skip
    st.plotly_chart(figure, key="token_map", width="content", config={"displayModeBar": False})


@st.cache_data(max_entries=64, show_spinner="Measuring each token ...")
def _token_map(key: tuple[str, str, str], block: BlockId, _record: BlockRecord, stride: int) -> np.ndarray | None:
    _, kind, metric = key
    return per_token(SOURCES[kind](_record), _record.grid, stride, [metric]).get(metric)


show()
