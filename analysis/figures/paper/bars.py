"""Stacked bars, for papers (Matplotlib)."""

import numpy as np
from matplotlib.figure import Figure

from analysis.figures.curve_values import CurveChart
from analysis.figures.paper.charts import COLUMN_WIDTH
from analysis.figures.paper.panels import caption_below
from analysis.figures.words import drawable, families


def bars_figure(chart: CurveChart, caption: str) -> Figure:
    """Draw the lines of a chart as bars on top of each other, one bar for each caption, from top to bottom."""
    captions = list(chart.lines[0].x)
    figure = Figure(figsize=(1.9 * COLUMN_WIDTH, 0.9 + 0.2 * len(captions)), layout="constrained")
    caption_below(figure, caption)
    axes = figure.subplots()
    start = np.zeros(len(captions))
    for line in chart.lines:
        axes.barh(range(len(captions)), line.y, left=start, color=line.colour, label=drawable(line.title), height=0.75)
        start += np.array(line.y)
    axes.set_yticks(range(len(captions)), [str(caption) for caption in captions], fontsize=6)
    axes.invert_yaxis()
    axes.set_xlim(0, chart.top)
    axes.set_xlabel(chart.y_title, fontsize=7)
    axes.tick_params(axis="x", labelsize=6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=3, prop={"size": 6, "family": families()})
    return figure
