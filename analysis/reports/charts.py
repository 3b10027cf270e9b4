"""Findings drawn as charts: the ledger of a picture, the cost of a model's attention."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from analysis.attention.kinds import KINDS, OWN, attention_rules
from analysis.attention.own import own_attention_title
from analysis.backbones import BackboneCapture
from analysis.figures.canvas import Canvas, Panel
from analysis.figures.ledger_values import DepthValues, Spread, depth_values, head_values
from analysis.figures.paper.charts import cost_figure, redundancy_figure
from analysis.figures.style import Curve
from analysis.redundancy.catalogue import CATALOGUE
from analysis.redundancy.measure import per_token
from analysis.redundancy.uniform_values import uniform_values
from analysis.redundancy.watch import Progress
from analysis.redundancy.where import where
from analysis.reports.report import Report, Subject, plain_column
from analysis.sweeps.reference import Bands
from stvit import Capture
from stvit.captions import head_caption
from stvit.capturing.attention_record import AttentionRecord
from stvit.error_text import counted
from stvit.foreign_text import plain


@dataclass(frozen=True, eq=False)
class Matrix:
    """What is shown for heads and blocks.

    Attributes:
        metric: Name in the ledger.
        attention: Kind of attention.
        record: Block whose tokens are mapped.
        head: Its head, None for the mean.
        values: The metric of each of its tokens, shape (H, W), if there is a map.
        per_stage: Whether colours compare the heads of each stage, not all.
    """

    metric: str
    attention: str
    record: AttentionRecord
    head: int | None
    values: np.ndarray | None
    per_stage: bool = False


def token_values(
    record: AttentionRecord, attention: str, metric: str, token_pixels: int, progress: Progress | None = None
) -> np.ndarray | None:
    """Return a metric of each head and token, shape (heads, N); None if it has no values for single tokens."""
    if CATALOGUE[metric].scope != "token":
        return None
    source = attention_rules([attention])[attention](record)
    return per_token(source, record.grid, token_pixels, [metric], progress=progress).get(metric)


def of_head(values: np.ndarray, head: int | None, record: AttentionRecord) -> np.ndarray:
    """Return the values of one head, or their mean over heads if None, shape (H, W).

    Raises:
        IndexError: If there is no such head.
    """
    if head is not None and not 0 <= head < len(values):
        raise IndexError(f"Head {head + 1} does not exist; {record.id.caption} has heads 1 to {len(values)}.")
    return (values.mean(0) if head is None else values[head]).reshape(record.grid.height, record.grid.width)


def token_panel(matrix: Matrix, title: str) -> Panel | None:
    """Return the map of a metric over tokens, if there is one; its colour bar starts at the least value."""
    if matrix.values is None:
        return None
    metric = CATALOGUE[matrix.metric]
    finite = matrix.values[np.isfinite(matrix.values)]
    least = float(finite.min()) if finite.size else 0.0
    return Panel(title, matrix.values, f"{metric.title} ({metric.unit})", minimum=least)


def redundancy_report(
    subject: Subject,
    capture: Capture | BackboneCapture,
    table: pd.DataFrame,
    depth: Sequence[str],
    matrix: Matrix,
    *,
    anchors: int | None = None,
    bands: Bands | None = None,
) -> Report:
    """Return the ledger of a picture as files.

    Args:
        subject: Picture and model.
        capture: Of all blocks.
        table: Of `analysis.ledger` of this capture.
        depth: Metrics to draw against depth.
        matrix: Metric to draw for every head, and the head that is mapped.
        anchors: Tokens of each block that were measured; None for all.
        bands: How each number spreads over many pictures, drawn behind it.
    """
    record, heads = matrix.record, head_values(table, matrix.metric, matrix.attention)
    shown = f"{record.id.caption}, {head_caption(matrix.head, record.heads)}"
    own = own_attention_title(capture.values())
    of_heads = own if matrix.attention == OWN else KINDS[matrix.attention].title
    mapped = f"matrix and map: {of_heads}" + ("" if matrix.values is None else f", map of {shown}")
    curves = [depth_values(table, metric, own) for metric in depth]
    estimates = heads.estimates.any() or any(curve.has_estimates for curve in curves)
    drawn = f"{measured_on(anchors)}, dots are heads" + (", hollow are estimates" if estimates else "")
    drawn += f", bands: 90 % of {counted(bands.swept.pictures, 'picture')}" if bands else ""
    canvas = Canvas(subject.picture.shown, record.token_pixels, caption=subject.caption(drawn, mapped))
    figure = partial(
        redundancy_figure,
        curves,
        [uniform_values(metric, capture.values()) for metric in depth],
        [spread_of(bands, curve, metric) for curve, metric in zip(curves, depth, strict=True)],
        heads,
        canvas,
        token_panel(matrix, shown),
        per_stage=matrix.per_stage,
    )

    def arrays() -> dict[str, np.ndarray]:
        found = places_of(heads.blocks) | {f"{matrix.metric}_heads_by_blocks": heads.values}
        return found if matrix.values is None else {**found, f"{matrix.metric}_map": matrix.values}

    return Report(figure, lambda: table, arrays)


def measured_on(anchors: int | None) -> str:
    """Say on which tokens means were measured.

    Example:
        >>> measured_on(256)
        'means over 256 tokens of each block, one from every region, bars are standard errors'
    """
    if anchors is None:
        return "means over all tokens"
    return f"means over {anchors} tokens of each block, one from every region, bars are standard errors"


def spread_of(bands: Bands | None, found: DepthValues, metric: str) -> dict[str, Spread]:
    """Return, by kind of attention and block, between which values a metric lies in 90 % of many pictures."""
    spread: dict[str, Spread] = {}
    if bands is None:
        return spread
    for kind in found.series:
        rows = bands.of(metric, kind)
        if len(rows):
            ends = zip(rows["q05"].astype(float), rows["q95"].astype(float), strict=True)
            blocks = zip(rows["stage"].astype(int), rows["block"].astype(int), strict=True)
            spread[kind] = {block: both for block, both in zip(blocks, ends, strict=True) if block in found.blocks}
    return spread


def cost_report(model: str, stage: int, table: pd.DataFrame, measured: pd.DataFrame | None) -> Report:
    """Return what a model's attention costs as files.

    Args:
        model: What people call it.
        stage: Counted from 0.
        table: Of `analysis.cost.cost_table` for this stage.
        measured: Of `analysis.cost.time_table`, if it was measured.
    """
    caption = (
        f"{plain(model)} · one attention block of stage {stage + 1} · one picture · operations by formula and counted"
    )
    joint = table if measured is None else table.merge(measured, how="left", on=["size", "stage", "attention"])
    joint = joint.assign(where=f"stage {stage + 1}")
    if measured is not None:
        caption += " · median times on this machine"
    figure = partial(cost_figure, operation_curves(table), [] if measured is None else time_curves(measured), caption)
    return Report(figure, lambda: joint, lambda: {str(name): plain_column(joint[name]) for name in joint})


def operation_curves(table: pd.DataFrame) -> list[Curve]:
    """Return the curves of a cost table in million MAC."""
    return [
        (str(kind), source, part["size"].tolist(), (part[source] / 1e6).tolist())
        for kind, part in table.groupby("attention", sort=False)
        for source in ("formula", "counted")
    ]


def time_curves(measured: pd.DataFrame) -> list[Curve]:
    """Return the curves of a table of times in ms."""
    return [
        (str(kind), "measured", part["size"].tolist(), part["measured"].tolist())
        for kind, part in measured.groupby("attention", sort=False)
    ]


def places_of(blocks: Sequence[tuple[int, int]]) -> dict[str, np.ndarray]:
    """Return blocks, (stage, block) counted from 0, as arrays.

    Returns:
        "blocks": stage and block, whole numbers from 0, shape (blocks, 2); "where": the same in words that count
        from 1, shape (blocks,).
    """
    return {
        "blocks": np.array(blocks, dtype=np.int64).reshape(-1, 2),
        "where": np.array([where(*block) for block in blocks], dtype=str),
    }
