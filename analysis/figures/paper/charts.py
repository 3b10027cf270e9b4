"""Charts for papers (Matplotlib): with units and captions, returned, never shown, no global state."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from analysis.attention.kinds import OWN
from analysis.figures.canvas import Canvas, Panel
from analysis.figures.ledger_values import DepthValues, HeadValues, Spread, depth_values, head_values
from analysis.figures.numbers import value_range
from analysis.figures.paper.panels import caption_below, heat_panel
from analysis.figures.style import (
    HEAT_NAME,
    KIND_COLOURS,
    KIND_NAMES,
    UNIFORM_NAME,
    Curve,
    line_of,
    marker_of,
    no_values,
)
from stvit.captions import block_short

COLUMN_WIDTH = 3.4
"""Inches: one column of a two-column page."""

DASHES = {"solid": "-", "dash": "--", "dot": ":", "dashdot": "-."}
"""Matplotlib's names of the lines of `analysis.attention.kinds`."""


def depth_figure(table: pd.DataFrame, metric: str, caption: str = "", own: str = KIND_NAMES[OWN]) -> Figure:
    """Draw a metric of the ledger against depth, a line for each kind of attention, heads as dots.

    Args:
        table: Of `analysis.ledger`; several pictures are averaged.
        metric: Name in the catalogue.
        caption: One line below the figure.
        own: What people call the attention of the model.
    """
    figure, axes = _one_axes(2 * COLUMN_WIDTH, 2.4, caption)
    draw_depth(axes, depth_values(table, metric, own))
    return figure


def draw_depth(
    axes: Axes, found: DepthValues, uniform: Sequence[float] = (), spread: Mapping[str, Spread] | None = None
) -> None:
    """Draw a metric against depth on existing axes.

    Args:
        axes: Where to draw.
        found: The metric; estimates are hollow, bars are standard errors.
        uniform: What uniform attention would have in each block, if anything.
        spread: By kind of attention, how the mean over heads spreads over many pictures, drawn as a bar behind it.
    """
    if not found.series:
        _say(axes, no_values(found.title))
        return
    if uniform:
        axes.step(range(len(uniform)), uniform, ":", color="grey", where="mid", label=UNIFORM_NAME)
    for kind, blocks in found.series.items():
        colour, marker = KIND_COLOURS.get(kind, "black"), marker_of(kind)
        known = {found.blocks.index(block): ends for block, ends in (spread or {}).get(kind, {}).items()}
        if known:
            axes.vlines(list(known), *zip(*known.values(), strict=True), color=colour, alpha=0.2, linewidth=7)
        dots = [(index, value) for index, one in enumerate(blocks) for value in one.heads.values()]
        axes.plot(*zip(*dots, strict=True), ".", color=colour, alpha=0.3, markersize=4)
        positions, means = range(len(blocks)), [one.mean for one in blocks]
        style: dict[str, Any] = {"color": colour, "marker": marker.paper, "markersize": marker.size / 2.2}
        axes.plot(positions, means, DASHES[line_of(kind)], label=found.title_of(kind), **style)
        if found.is_sampled:
            axes.errorbar(positions, means, [one.stderr for one in blocks], fmt="none", ecolor=colour, elinewidth=1)
        estimates = [index for index in positions if blocks[index].estimate]
        axes.plot(estimates, [means[index] for index in estimates], " ", **style, markerfacecolor="white")
    _show_zero(axes, [value for blocks in found.series.values() for one in blocks for value in one.heads.values()])
    axes.set_xticks(range(len(found.blocks)), [block_short(*block) for block in found.blocks])
    axes.set_xlabel("stage.block")
    axes.set_ylabel(found.axis)
    axes.legend(frameon=False, reverse=True)  # what lies above is named first


def head_matrix_figure(table: pd.DataFrame, metric: str, attention: str, caption: str = "") -> Figure:
    """Draw a metric for every head (down) of every block (across); blocks with fewer heads stay blank."""
    found = head_values(table, metric, attention)
    figure, axes = _one_axes(2 * COLUMN_WIDTH, 0.9 + 0.28 * max(1, len(found.values)), caption)
    draw_head_matrix(axes, found)
    return figure


def draw_head_matrix(axes: Axes, found: HeadValues, *, per_stage: bool = False) -> None:
    """Draw a metric for every head and block on existing axes; estimates are hollow.

    Args:
        axes: Where to draw.
        found: The metric.
        per_stage: Whether colours reach from the least to the greatest value of each stage, not of all.
    """
    if not found.values.size:
        _say(axes, no_values(found.title))
        return
    values = found.by_stage if per_stage else found.values
    low, high = (0.0, 1.0) if per_stage else value_range(values, float(np.nanmin(values)))
    image = axes.imshow(values, cmap=HEAT_NAME, vmin=low, vmax=high, aspect="auto")
    for head, block in np.argwhere(found.estimates):
        axes.add_patch(Rectangle((block - 0.25, head - 0.25), 0.5, 0.5, facecolor="white", edgecolor="none"))
    axes.set_xticks(range(len(found.blocks)), [block_short(*block) for block in found.blocks])
    axes.set_yticks(range(len(found.values)), [str(head + 1) for head in range(len(found.values))])
    axes.set_xlabel("stage.block")
    axes.set_ylabel("head")
    figure = axes.get_figure()
    assert isinstance(figure, Figure)
    title = f"{found.title}, from least to most of its stage" if per_stage else found.axis
    figure.colorbar(image, ax=axes, label=title)


def redundancy_figure(
    depth: Sequence[DepthValues],
    uniform: Sequence[Sequence[float]],
    spread: Sequence[Mapping[str, Spread]],
    matrix: HeadValues,
    canvas: Canvas,
    token_map: Panel | None,
    *,
    per_stage: bool = False,
) -> Figure:
    """Draw metrics against depth, the matrix of heads of one of them, and where on the picture it comes from.

    Args:
        depth: Metrics to draw against depth.
        uniform: For each of them, what uniform attention would have in each block, or nothing.
        spread: For each of them, by kind of attention, how it spreads over many pictures.
        matrix: Metric to draw for every head.
        canvas: The picture, and the caption.
        token_map: Map of the matrix's metric for one head, if there is one.
        per_stage: Whether the colours of the matrix compare the heads of each stage, not all.
    """
    rows = -(-len(depth) // 2)
    figure = Figure(figsize=(2.2 * COLUMN_WIDTH, 2.3 * rows + 2.8), layout="constrained")
    caption_below(figure, canvas.caption)
    grid = figure.add_gridspec(rows + 1, 2, height_ratios=[2.3] * rows + [2.6])
    for index, (values, line, band) in enumerate(zip(depth, uniform, spread, strict=True)):
        axes = figure.add_subplot(grid[index // 2, index % 2])
        axes.spines[["top", "right"]].set_visible(False)
        draw_depth(axes, values, line, band)
        if values.series:
            axes.legend(frameon=False, fontsize=6, reverse=True)
    draw_head_matrix(figure.add_subplot(grid[rows, : 1 if token_map else 2]), matrix, per_stage=per_stage)
    if token_map:
        heat_panel(figure.add_subplot(grid[rows, 1]), canvas, token_map)
    for axes in figure.axes:
        axes.tick_params(labelsize=6)
        axes.xaxis.label.set_fontsize(7)
        axes.yaxis.label.set_fontsize(7)
    return figure


def cost_figure(counted: Sequence[Curve], measured: Sequence[Curve], caption: str) -> Figure:
    """Draw operations over the side of the picture, and beside them the time measured, if it was.

    Args:
        counted: Curves in million MAC, by formula and counted.
        measured: Curves in ms; may be empty.
        caption: Below the figure.
    """
    charts = [(counted, "operations", "million MAC"), (measured, "time", "ms")]
    shown = [chart for chart in charts if chart[0]]
    figure = Figure(figsize=(len(shown) * (COLUMN_WIDTH + 0.4), 3.0), layout="constrained")
    caption_below(figure, caption)
    for axes, chart in zip(figure.subplots(1, len(shown), squeeze=False).flatten(), shown, strict=True):
        axes.spines[["top", "right"]].set_visible(False)
        _draw_scaling(axes, *chart)
    return figure


def draw_changes(axes: Axes, relative: Mapping[tuple[int, int], float], colour: str) -> None:
    """Draw a bar for each block, by (stage, block): how much a change of the association moved its output."""
    axes.bar([block_short(*block) for block in relative], list(relative.values()), color=colour)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=6)
    axes.set_xlabel("stage.block", fontsize=7)
    axes.set_ylabel("relative change of the output", fontsize=7)


def _draw_scaling(axes: Axes, curves: Sequence[Curve], title: str, unit: str) -> None:
    """Draw curves over the side of the picture, both axes logarithmic."""
    for kind, source, sizes, values in curves:
        style = ":" if source == "formula" else "-o"
        label = f"{KIND_NAMES.get(kind, kind)}, {source}"
        axes.loglog(sizes, values, style, color=KIND_COLOURS.get(kind, "black"), markersize=3, label=label)
    sides = sorted({size for curve in curves for size in curve[2]})
    axes.set_xticks(sides, [str(side) for side in sides], fontsize=7)
    axes.minorticks_off()
    axes.set_xlabel("side of the picture (px)")
    axes.set_ylabel(f"{title} ({unit})")
    axes.legend(frameon=False, fontsize=6)


def _one_axes(width: float, height: float, caption: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height + (0.3 if caption else 0)), layout="constrained")
    caption_below(figure, caption)
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _say(axes: Axes, words: str) -> None:
    """Write words in place of a chart that would be empty."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, words, ha="center", va="center", fontsize=7, wrap=True, transform=axes.transAxes)


def _show_zero(axes: Axes, values: Sequence[float]) -> None:
    """Let the axis of some values end at 0 where they are all on one side of it, and leave room at the other end."""
    low, high = axes.get_ylim()
    if min(values) >= 0:
        axes.set_ylim(0, max(high, 1.05 * max(values)) or 1.0)
    elif max(values) <= 0:
        axes.set_ylim(min(low, 1.05 * min(values)), 0)
