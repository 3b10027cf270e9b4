"""Several charts on one page, for papers (Matplotlib): what the pages Redundancy and Cost show."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float, UInt8
from matplotlib.figure import Figure

from analysis.figures.paper.charts import COLUMN_WIDTH, Curve, draw_depth, draw_head_matrix, draw_scaling
from analysis.figures.paper.panels import caption_below, heat_panel

TokenMap = tuple[str, Float[np.ndarray, "rows columns"], int]
"""Title, one value per token, and the side of a token in pixels of the picture."""


def redundancy_figure(
    table: pd.DataFrame,
    depth: Mapping[str, tuple[str, Sequence[float]]],
    matrix: tuple[str, str, str],
    shown: UInt8[np.ndarray, "height width 3"],
    token_map: TokenMap | None,
    caption: str,
) -> Figure:
    """Draw metrics against depth, the matrix of heads of one of them, and where on the picture it comes from.

    Args:
        table: Of `analysis.ledger`.
        depth: For each metric to draw against depth, its unit and uniform attention's value in each block (or none).
        matrix: Metric, unit and attention of the matrix.
        shown: The picture as the model saw it.
        token_map: Map of the matrix's metric for one head, if there is one.
        caption: Below the figure.
    """
    rows = -(-len(depth) // 2)
    figure = Figure(figsize=(2.2 * COLUMN_WIDTH, 2.3 * rows + 2.8), layout="constrained")
    caption_below(figure, caption)
    grid = figure.add_gridspec(rows + 1, 2, height_ratios=[2.3] * rows + [2.6])
    for place, (metric, (unit, uniform)) in enumerate(depth.items()):
        axes = figure.add_subplot(grid[place // 2, place % 2])
        axes.spines[["top", "right"]].set_visible(False)
        draw_depth(axes, table, metric, unit, uniform)
        axes.legend(frameon=False, fontsize=6)
    draw_head_matrix(figure.add_subplot(grid[rows, : 1 if token_map else 2]), table, *matrix)
    if token_map:
        title, values, pixels = token_map
        quantity = f"{matrix[0].replace('_', ' ')} ({matrix[1]})"
        heat_panel(figure.add_subplot(grid[rows, 1]), shown, values, pixels, title, quantity, float(np.nanmin(values)))
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
        draw_scaling(axes, *chart)
    return figure
