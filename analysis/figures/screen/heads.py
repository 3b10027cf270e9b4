"""A metric for every head of every block at a glance: one square each (Plotly)."""

import numpy as np
import plotly.graph_objects as go

from analysis.figures.ledger_values import HeadValues
from analysis.figures.numbers import value_range
from analysis.figures.screen.layout import line_layout, say
from analysis.figures.style import ANCHOR_COLOUR, HEAT, no_values
from stvit.captions import block_short

SQUARE = 22
"""Side of a square in CSS pixels."""

Cell = tuple[int, int, int]
"""Stage, block and head, counted from 0."""


def head_matrix(found: HeadValues, *, chosen: tuple[int, int, int | None] | None = None) -> go.Figure:
    """Draw blocks across and heads down; the squares are points, so that Streamlit reports which one is clicked.

    Args:
        found: The metric; estimates are hollow.
        chosen: (stage, block, head) to frame; without a head the whole block.
    """
    figure = go.Figure()
    if not found.values.size:
        return say(figure, no_values(found.title), 4 * SQUARE)
    positions = [(head, block) for block in range(len(found.blocks)) for head in range(len(found.values))]
    positions = [position for position in positions if np.isfinite(found.values[position])]
    cells = [(*found.blocks[block], head) for head, block in positions]
    low, high = value_range(found.values, float(np.nanmin(found.values)))
    figure.add_scatter(
        x=[block_short(stage, block) for stage, block, _ in cells],
        y=[head + 1 for *_, head in cells],
        mode="markers",
        customdata=cells,
        text=[_text(found, position) for position in positions],
        hovertemplate="block %{x}, head %{y}<br>%{text}<extra></extra>",
        marker={
            "symbol": ["square-open" if found.estimates[position] else "square" for position in positions],
            "size": SQUARE,
            "color": [float(found.values[position]) for position in positions],
            "colorscale": HEAT,
            "cmin": low,
            "cmax": high,
            "line": {
                "color": [ANCHOR_COLOUR if _is_chosen(cell, chosen) else "rgba(128,128,128,0.6)" for cell in cells],
                "width": [3 if _is_chosen(cell, chosen) else 1 for cell in cells],
            },
            "colorbar": {"title": {"text": found.axis, "side": "right"}, "thickness": 10, "outlinewidth": 0},
        },
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 0.85}},
    )
    heads = len(found.values)
    figure.update_xaxes(title="stage.block", type="category", showgrid=False)
    figure.update_yaxes(title="head", dtick=1, range=[heads + 0.7, 0.3], showgrid=False, zeroline=False)
    return line_layout(figure, 62 + (SQUARE + 10) * heads, legend=False)


def _text(found: HeadValues, position: tuple[int, int]) -> str:
    return f"{found.values[position]:.4g} {found.unit}{' (estimate)' if found.estimates[position] else ''}"


def _is_chosen(cell: Cell, chosen: tuple[int, int, int | None] | None) -> bool:
    return chosen is not None and cell[:2] == chosen[:2] and chosen[2] in (None, cell[2])
