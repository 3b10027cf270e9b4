"""Stacked bars (Plotly)."""

import plotly.graph_objects as go

from analysis.figures.curve_values import CurveChart
from analysis.figures.screen.layout import line_layout, literal

BAR = 24
"""CSS pixels from one bar to the next."""


CAPTIONS = 160
"""CSS pixels left of the bars."""


def bar_chart(chart: CurveChart) -> go.Figure:
    """Draw the lines of a chart as bars on top of each other, one bar for each caption, from top to bottom."""
    figure = go.Figure()
    captions = list(chart.lines[0].x)
    for line in chart.lines:
        figure.add_bar(
            x=list(line.y),
            y=captions,
            name=literal(line.title),
            orientation="h",
            marker={"color": line.colour},
            hovertemplate=f"%{{y}}<br>{chart.y_title} %{{x:.3f}}<extra>{literal(line.title)}</extra>",
        )
    figure.update_layout(barmode="stack", bargap=0.25)
    figure.update_xaxes(title=chart.y_title, range=[0, chart.top])
    figure.update_yaxes(autorange="reversed", type="category", showgrid=False)
    line_layout(figure, 90 + BAR * len(captions))
    return figure.update_layout(margin={"l": CAPTIONS}, legend={"traceorder": "normal"})
