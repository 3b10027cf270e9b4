"""Models or pictures side by side as a figure for papers (Matplotlib): maps in one unit, differences, curves."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.compare.scale import DECADES, RATIO_TICKS, TICKS
from analysis.figures.canvas import Canvas
from analysis.figures.compare_values import DepthLine
from analysis.figures.paper.charts import COLUMN_WIDTH, DASHES
from analysis.figures.paper.panels import PANEL_INCHES, caption_below, frame_token, legend_of_names, picture_panel
from analysis.figures.style import DIVERGING_NAME, HEAT_NAME, greyscale

HALF = DECADES / 2


@dataclass(frozen=True, eq=False)
class SidePanel:
    """A map of one side, or a difference of two.

    Attributes:
        title: Above it.
        canvas: What the model sees, the token.
        decades: One value for each token, -2 to 2.
        is_ratio: Whether it compares two maps.
    """

    title: str
    canvas: Canvas
    decades: Float[np.ndarray, "rows columns"]
    is_ratio: bool = False


def compare_figure(
    panels: Sequence[SidePanel], charts: Sequence[tuple[str, Sequence[DepthLine]]], depth: float, caption: str
) -> Figure:
    """Draw the maps above the charts.

    Args:
        panels: Maps of all sides, then differences.
        charts: Title of the axis and lines of each metric.
        depth: What the maps show, marked in the charts.
        caption: Below the figure.
    """
    columns, wide = min(3, len(panels)), min(2, max(1, len(charts)))
    rows, below = -(-len(panels) // columns), -(-len(charts) // wide)
    tall = PANEL_INCHES * max(panel.canvas.size[0] / panel.canvas.size[1] for panel in panels) + 0.5
    height = rows * tall + below * 2.0 + 0.4
    figure = Figure(figsize=(max(columns * PANEL_INCHES + 0.3, 2 * COLUMN_WIDTH - 0.6), height), layout="constrained")
    caption_below(figure, caption)
    grid = figure.add_gridspec(2 if charts else 1, 1, height_ratios=[rows * tall, below * 2.0] if charts else [1])
    above = grid[0].subgridspec(rows, columns)
    for index, panel in enumerate(panels):
        decades_panel(figure.add_subplot(above[index // columns, index % columns]), panel)
    if charts:
        space = grid[1].subgridspec(below, wide)
        for index, (axis, lines) in enumerate(charts):
            draw_lines(figure.add_subplot(space[index // wide, index % wide]), axis, lines, depth)
    return figure


def decades_panel(axes: Axes, panel: SidePanel) -> None:
    """Draw a map over the grey picture, with the logarithmic bar below."""
    picture_panel(axes, greyscale(panel.canvas.shown), panel.title)
    side = panel.canvas.token_pixels
    rows, columns = panel.decades.shape
    heat = axes.imshow(
        panel.decades,
        cmap=DIVERGING_NAME if panel.is_ratio else HEAT_NAME,
        vmin=-HALF,
        vmax=HALF,
        alpha=0.8,
        extent=(0, columns * side, rows * side, 0),
        interpolation="nearest",
    )
    axes.set(xlim=(0, panel.canvas.size[1]), ylim=(panel.canvas.size[0], 0))
    frame_token(axes, panel.canvas)
    figure = axes.get_figure()
    assert isinstance(figure, Figure)
    bar = figure.colorbar(heat, ax=axes, orientation="horizontal", fraction=0.05, pad=0.02, aspect=25)
    ticks = RATIO_TICKS if panel.is_ratio else {float(np.log10(value)): text for value, text in TICKS.items()}
    bar.set_ticks(list(ticks), labels=list(ticks.values()))
    bar.ax.tick_params(labelsize=5, length=2, pad=1.5)
    bar.set_label("second over first" if panel.is_ratio else "times uniform", fontsize=6, labelpad=1)


def draw_lines(axes: Axes, axis: str, lines: Sequence[DepthLine], depth: float | None = None) -> None:
    """Draw a metric of several models against relative depth, heads as dots."""
    axes.spines[["top", "right"]].set_visible(False)
    for line in lines:
        axes.plot(*zip(*line.heads, strict=True), ".", color=line.colour, alpha=0.3, markersize=3)
        style = DASHES[line.dash]
        axes.plot(line.depths, line.means, style, marker="o", markersize=3, color=line.colour, label=line.title)
    if depth is not None:
        axes.axvline(depth, color="0.6", linewidth=0.6, linestyle=":")
    axes.set_xlim(0, 1)
    axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
    axes.set_xlabel("relative depth", fontsize=7)
    axes.set_ylabel(axis, fontsize=7)
    axes.tick_params(labelsize=6)
    if lines:
        legend_of_names(axes)
