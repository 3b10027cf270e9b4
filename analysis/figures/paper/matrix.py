"""A number for each pair, as squares, for papers (Matplotlib)."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.matrix_values import MatrixChart
from analysis.figures.paper.charts import COLUMN_WIDTH
from analysis.figures.paper.panels import caption_below
from analysis.figures.style import HEAT_NAME


def matrices_figure(charts: Sequence[MatrixChart], caption: str) -> Figure:
    """Draw matrices side by side."""
    figure = Figure(figsize=(len(charts) * (COLUMN_WIDTH + 0.3), COLUMN_WIDTH + 0.3), layout="constrained")
    caption_below(figure, caption)
    for axes, chart in zip(figure.subplots(1, len(charts), squeeze=False).flatten(), charts, strict=True):
        draw_matrix(axes, chart)
    return figure


def draw_matrix(axes: Axes, chart: MatrixChart) -> None:
    """Draw one matrix on existing axes; squares without a number stay clear."""
    values = np.where(np.isfinite(chart.values), chart.values, np.nan)
    image = axes.imshow(values, cmap=HEAT_NAME, vmin=chart.low, vmax=chart.high)
    axes.set_title(chart.title, fontsize=7)
    axes.set_xticks(range(len(chart.columns)), chart.columns, fontsize=5)
    axes.set_yticks(range(len(chart.rows)), chart.rows, fontsize=5)
    axes.set_xlabel(chart.column_title, fontsize=7)
    axes.set_ylabel(chart.row_title, fontsize=7)
    figure = axes.get_figure()
    assert isinstance(figure, Figure)
    bar = figure.colorbar(image, ax=axes, shrink=0.8)
    bar.set_label(chart.quantity, fontsize=6)
    bar.ax.tick_params(labelsize=5)
