"""What a metric is like over many pictures, for papers (Matplotlib)."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.dataset_values import Curve
from analysis.figures.paper.charts import COLUMN_WIDTH, DASHES
from analysis.figures.paper.panels import caption_below


def dataset_figure(
    spread: Sequence[Curve], intervals: Sequence[tuple[str, Sequence[Curve]]], axis: str, caption: str
) -> Figure:
    """Draw quantiles against depth, and below them values with their 95 % intervals.

    Args:
        spread: Medians, the middle half and 90 % of the pictures.
        intervals: Title of the axis and curves of each further chart; those without curves are left out.
        axis: Title of the axis of the quantiles.
        caption: Below the figure.
    """
    shown = [chart for chart in intervals if chart[1]]
    figure = Figure(figsize=(2 * COLUMN_WIDTH, 2.4 * (1 + len(shown))), layout="constrained")
    caption_below(figure, caption)
    first, *others = figure.subplots(1 + len(shown), 1, squeeze=False)[:, 0]
    _draw_spread(first, spread, axis)
    for axes, (title, curves) in zip(others, shown, strict=True):
        _draw_intervals(axes, curves, title)
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=6)
        axes.set_xlabel("stage.block", fontsize=7)
        axes.yaxis.label.set_fontsize(7)
        axes.legend(frameon=False, fontsize=6)
    return figure


def _draw_spread(axes: Axes, curves: Sequence[Curve], axis: str) -> None:
    for curve in curves:
        axes.fill_between(curve.blocks, curve.low, curve.high, color=curve.colour, alpha=0.12, linewidth=0)
        if curve.inner is not None:
            axes.fill_between(curve.blocks, *curve.inner, color=curve.colour, alpha=0.22, linewidth=0)
        style: dict[str, Any] = {"marker": "o", "markersize": 3, "color": curve.colour, "label": curve.name}
        axes.plot(curve.blocks, curve.middle, DASHES[curve.dash], **style)
    axes.set_ylabel(axis)


def _draw_intervals(axes: Axes, curves: Sequence[Curve], title: str) -> None:
    axes.axhline(0, color="grey", linewidth=0.8, linestyle=":")
    for curve in curves:
        below = [middle - low for middle, low in zip(curve.middle, curve.low, strict=True)]
        above = [high - middle for middle, high in zip(curve.middle, curve.high, strict=True)]
        axes.errorbar(
            curve.blocks, curve.middle, [below, above], fmt="o", markersize=3, color=curve.colour, label=curve.name
        )
    axes.set_ylabel(title)
