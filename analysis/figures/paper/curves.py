"""Curves with a band behind them, for papers (Matplotlib)."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.curve_values import CurveChart
from analysis.figures.paper.charts import COLUMN_WIDTH, DASHES
from analysis.figures.paper.panels import caption_below


def curves_figure(charts: Sequence[CurveChart], caption: str, *, wide: int = 2) -> Figure:
    """Draw charts row by row.

    Args:
        charts: What to draw.
        caption: Below the figure.
        wide: Charts in a row.
    """
    rows = -(-len(charts) // wide)
    figure = Figure(figsize=(min(wide, len(charts)) * (COLUMN_WIDTH + 0.2), 3.1 * rows + 0.3), layout="constrained")
    caption_below(figure, caption)
    all_axes = figure.subplots(rows, min(wide, len(charts)), squeeze=False).flatten()
    for axes in all_axes[len(charts) :]:
        axes.set_axis_off()
    for axes, chart in zip(all_axes, charts, strict=False):
        draw_curves(axes, chart)
    return figure


def draw_curves(axes: Axes, chart: CurveChart) -> None:
    """Draw one chart on existing axes."""
    axes.spines[["top", "right"]].set_visible(False)
    band = chart.band
    if band is not None:
        axes.fill_between(band.x, band.low, band.high, color=band.colour, alpha=0.25, linewidth=0, label=band.title)
    for line in chart.lines:
        joined = DASHES[line.dash] if chart.joined else "none"
        style = {"color": line.colour, "linestyle": joined, "marker": "o", "markersize": 2.5 if chart.joined else 5}
        axes.plot(line.x, line.y, label=line.title, linewidth=1.2, **style)  # type: ignore[arg-type]  # captions too
    axes.set_title(chart.title, fontsize=7)
    axes.set_xlabel(chart.x_title, fontsize=7)
    axes.set_ylabel(chart.y_title, fontsize=7)
    axes.tick_params(labelsize=6)
    if chart.top is not None:
        axes.set_ylim(top=chart.top)
    if not chart.joined:
        axes.axhline(0, color="grey", linewidth=0.8)
        return
    axes.legend(frameon=False, fontsize=5.5, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.18))
