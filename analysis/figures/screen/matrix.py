"""A number for each pair, as squares (Plotly)."""

import numpy as np
import plotly.graph_objects as go

from analysis.figures.matrix_values import MatrixChart
from analysis.figures.numbers import short
from analysis.figures.screen.layout import AXIS_SPACE, FONT_SIZE, HEAT, LABEL_SPACE

SQUARE = 34
"""CSS pixels."""

NUMBERS_UP_TO = 14
"""Columns of a matrix whose squares are wide enough for a number each."""

BAR_SPACE = 80
"""CSS pixels beside the squares for the colour bar."""


def matrix_chart(chart: MatrixChart) -> go.Figure:
    """Draw a matrix; squares without a number stay clear. They are narrower than high where the page squeezes it."""
    numbered = len(chart.columns) <= NUMBERS_UP_TO
    figure = go.Figure()
    _add_squares(figure, chart, numbered)
    figure.update_xaxes(title=chart.column_title, type="category", showgrid=False, ticks="")
    # No square squares where a window is narrow: they would leave most of the height to the colour bar alone.
    figure.update_yaxes(title=chart.row_title, type="category", autorange="reversed", showgrid=False, ticks="")
    side = SQUARE if numbered else SQUARE / 2
    figure.update_layout(
        width=round(side * len(chart.columns)) + LABEL_SPACE + BAR_SPACE,
        height=round(side * len(chart.rows)) + AXIS_SPACE,
        margin={"l": LABEL_SPACE, "r": BAR_SPACE, "t": 0, "b": AXIS_SPACE},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"size": FONT_SIZE},
    )
    return figure


def _add_squares(figure: go.Figure, chart: MatrixChart, numbered: bool) -> None:
    """Draw a square for each pair, with its number where there is room, and the colour bar."""
    values = np.where(np.isfinite(chart.values), chart.values, np.nan)
    ticks = [chart.low, (chart.low + chart.high) / 2, chart.high]
    figure.add_heatmap(
        z=values,
        x=list(chart.columns),
        y=list(chart.rows),
        xgap=1,
        ygap=1,
        zmin=chart.low,
        zmax=chart.high,
        colorscale=HEAT,
        hoverongaps=False,
        text=[["" if np.isnan(value) else f"{value:.2f}" for value in row] for row in values],
        texttemplate="%{text}" if numbered else None,
        textfont={"size": FONT_SIZE - 3},
        hovertemplate=(
            f"{chart.row_title} %{{y}}, {chart.column_title} %{{x}}<br>{chart.quantity} %{{z:.3f}}<extra></extra>"
        ),
        colorbar={
            "title": {"text": chart.quantity, "side": "right"},
            "thickness": 10,
            "outlinewidth": 0,
            "tickvals": ticks,
            "ticktext": [short(tick) for tick in ticks],
        },
    )
