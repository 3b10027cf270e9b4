"""A metric for every head of every block at a glance: one square each (Plotly)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from analysis.figures.ledger_values import HeadValues
from analysis.figures.numbers import value_range
from analysis.figures.screen.layout import AXIS_SPACE, HEAT, LABEL_SPACE, line_layout, say
from analysis.figures.style import ANCHOR_COLOUR, no_values
from stvit.captions import block_short

SQUARE, GAP = 22, 5
"""Side of a square and what lies between two, in CSS pixels."""

SMALL_SQUARE, SMALL_GAP = 15, 3
"""The same for a model of more than `MANY_BLOCKS` blocks."""

MANY_BLOCKS = 16

BAR_SPACE = 52
"""CSS pixels above the squares for the colour bar, its title and its numbers."""

RIGHT = 8
"""CSS pixels right of the squares."""

Cell = tuple[int, int, int]
"""Stage, block and head, counted from 0."""


def head_matrix(
    found: HeadValues, *, chosen: tuple[int, int, int | None] | None = None, per_stage: bool = False
) -> go.Figure:
    """Draw blocks across and heads down; the squares are points, so that Streamlit reports which one is clicked.

    The figure is as wide as its squares need; where the window is narrower, the page scrolls it.

    Args:
        found: The metric; estimates are hollow.
        chosen: (stage, block, head) to frame; without a head the whole block.
        per_stage: Whether colours reach from the least to the greatest value of each stage, not of all.
    """
    figure = go.Figure()
    if not found.values.size:
        return say(figure, no_values(found.title), 4 * SQUARE)
    side, gap = (SQUARE, GAP) if len(found.blocks) <= MANY_BLOCKS else (SMALL_SQUARE, SMALL_GAP)
    positions = [(head, block) for block in range(len(found.blocks)) for head in range(len(found.values))]
    positions = [position for position in positions if np.isfinite(found.values[position])]
    cells = [(*found.blocks[block], head) for head, block in positions]
    framed = [_is_chosen(cell, chosen) for cell in cells]
    figure.add_scatter(
        x=[block_short(stage, block) for stage, block, _ in cells],
        y=[head + 1 for *_, head in cells],
        mode="markers",
        customdata=cells,
        text=[_text(found, position) for position in positions],
        hovertemplate="block %{x}, head %{y}<br>%{text}<extra></extra>",
        marker={
            "symbol": ["square-open" if found.estimates[position] else "square" for position in positions],
            "size": side,
            "line": {
                "color": [ANCHOR_COLOUR if one else "rgba(128,128,128,0.6)" for one in framed],
                "width": [3 if one else 1 for one in framed],
            },
            **_colours(found, positions, per_stage),
        },
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 0.85}},
    )
    heads = len(found.values)
    figure.update_xaxes(title="stage.block", type="category", showgrid=False, range=[-0.6, len(found.blocks) - 0.4])
    figure.update_yaxes(title="head", dtick=1, range=[heads + 0.6, 0.4], showgrid=False, zeroline=False)
    line_layout(figure, BAR_SPACE + AXIS_SPACE + (side + gap) * heads, legend=False)
    figure.update_layout(width=LABEL_SPACE + (side + gap) * len(found.blocks) + RIGHT, margin_t=BAR_SPACE)
    return figure


def _colours(found: HeadValues, positions: Sequence[tuple[int, int]], per_stage: bool) -> dict[str, Any]:
    """Return the colours of the squares and their bar."""
    values = found.by_stage if per_stage else found.values
    low, high = (0.0, 1.0) if per_stage else value_range(values, float(np.nanmin(values)))
    bar: dict[str, Any] = {
        "orientation": "h",
        "title": {"text": found.title if per_stage else found.axis, "side": "top"},
        "thickness": 10,
        "outlinewidth": 0,
        "lenmode": "pixels",
        "len": 200,
        "x": 0,
        "xanchor": "left",
        "yref": "container",
        "y": 1,
        "yanchor": "top",
        "xpad": 0,
        "ypad": 0,
    }
    if per_stage:
        bar |= {"tickvals": [0, 1], "ticktext": ["least", "most"]}  # of the stage, as the control above says
    return {
        "color": [float(values[position]) for position in positions],
        "colorscale": HEAT,
        "cmin": low,
        "cmax": high,
        "colorbar": bar,
    }


def _text(found: HeadValues, position: tuple[int, int]) -> str:
    return f"{found.values[position]:.4g} {found.unit}{' (estimate)' if found.estimates[position] else ''}"


def _is_chosen(cell: Cell, chosen: tuple[int, int, int | None] | None) -> bool:
    return chosen is not None and cell[:2] == chosen[:2] and chosen[2] in (None, cell[2])
