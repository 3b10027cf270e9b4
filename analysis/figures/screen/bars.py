"""Stacked bars (Plotly)."""

import plotly.graph_objects as go

from analysis.figures.curve_values import CurveChart
from analysis.figures.screen.layout import line_layout, literal

BAR = 24
"""CSS pixels from one bar to the next."""


CAPTIONS = 160
"""CSS pixels left of the bars, unless a chart asks for others."""


def bar_chart(chart: CurveChart, *, captions: int = CAPTIONS) -> go.Figure:
    """Draw the lines of a chart as bars on top of each other, one bar for each caption, from top to bottom.

    Args:
        chart: What to draw, in percent.
        captions: CSS pixels left of the bars.
    """
    figure = go.Figure()
    names = list(chart.lines[0].x)
    for line in chart.lines:
        figure.add_bar(
            x=list(line.y),
            y=names,
            name=literal(line.title),
            orientation="h",
            marker={"color": line.colour},
            hovertemplate=f"%{{y}}<br>{chart.y_title} %{{x:.1f}}<extra>{literal(line.title)}</extra>",
        )
    figure.update_layout(barmode="stack", bargap=0.25)
    figure.update_xaxes(title=chart.y_title, range=[min(0.0, _least(chart)), chart.top])
    figure.update_yaxes(autorange="reversed", type="category", showgrid=False)
    line_layout(figure, 90 + BAR * len(names))
    return figure.update_layout(margin={"l": captions}, legend={"traceorder": "normal"})


def _least(chart: CurveChart) -> float:
    return min((value for line in chart.lines for value in line.y), default=0.0)
