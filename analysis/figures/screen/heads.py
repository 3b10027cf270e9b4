"""A metric for every head of every block at a glance: one square each (Plotly)."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from analysis.figures.numbers import colour_range
from analysis.figures.screen.layout import line_layout
from analysis.figures.style import ANCHOR_COLOUR, HEAT

SQUARE = 22
"""Side of a square in CSS pixels."""


def head_matrix(
    cells: Sequence[tuple[int, int, int]],
    values: Sequence[float],
    *,
    title: str,
    unit: str,
    chosen: tuple[int, int, int | None] | None = None,
) -> go.Figure:
    """Draw layers across and heads down; the squares are points, so that Streamlit reports which one is clicked.

    Args:
        cells: (stage, block, head) of each value, counted from 0.
        values: One value each.
        title: Name of the metric.
        unit: Its unit.
        chosen: (stage, block, head) to frame; without a head the whole block.
    """
    captions = [f"{stage + 1}.{block + 1}" for stage, block, _ in cells]
    heads = [head + 1 for *_, head in cells]
    low, high = colour_range(float(np.nanmin(values)), float(np.nanmax(values)))
    figure = go.Figure()
    figure.add_scatter(
        x=captions,
        y=heads,
        mode="markers",
        customdata=list(cells),
        text=[f"{value:.4g} {unit}" for value in values],
        hovertemplate="block %{x}, head %{y}<br>%{text}<extra></extra>",
        marker={
            "symbol": "square",
            "size": SQUARE,
            "color": list(values),
            "colorscale": HEAT,
            "cmin": low,
            "cmax": high,
            "line": {
                "color": [ANCHOR_COLOUR if _is_chosen(cell, chosen) else "rgba(128,128,128,0.6)" for cell in cells],
                "width": [3 if _is_chosen(cell, chosen) else 1 for cell in cells],
            },
            "colorbar": {"title": {"text": f"{title} ({unit})", "side": "right"}, "thickness": 10, "outlinewidth": 0},
        },
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 0.85}},
    )
    figure.update_xaxes(title="stage.block", type="category", showgrid=False)
    figure.update_yaxes(title="head", dtick=1, range=[max(heads) + 0.7, 0.3], showgrid=False, zeroline=False)
    return line_layout(figure, 62 + (SQUARE + 10) * max(heads), legend=False)


def _is_chosen(cell: tuple[int, int, int], chosen: tuple[int, int, int | None] | None) -> bool:
    return chosen is not None and cell[:2] == chosen[:2] and chosen[2] in (None, cell[2])
