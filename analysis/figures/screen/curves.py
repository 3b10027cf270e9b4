"""Curves with a band behind them (Plotly)."""

import plotly.graph_objects as go

from analysis.figures.curve_values import Band, CurveChart
from analysis.figures.screen.layout import line_layout, literal, translucent

HEIGHT = 320


def curve_chart(chart: CurveChart, *, height: int = HEIGHT) -> go.Figure:
    """Draw curves over one pair of axes.

    Args:
        chart: What to draw.
        height: Of the figure in CSS pixels.
    """
    figure = go.Figure()
    if chart.band is not None:
        _band(figure, chart.band)
    for line in chart.lines:
        figure.add_scatter(
            x=list(line.x),
            y=list(line.y),
            name=literal(line.title),
            mode="lines+markers" if chart.joined else "markers",
            line={"color": line.colour, "width": 2, "dash": line.dash},
            marker={"size": 5 if chart.joined else 10, "color": line.colour},
            hovertemplate=f"%{{x}}<br>%{{y:.3f}}<extra>{literal(line.title)}</extra>",
        )
    numbers = all(not isinstance(where, str) for line in chart.lines for where in line.x)
    figure.update_xaxes(title=chart.x_title, showgrid=False, **({} if numbers else {"type": "category"}))
    figure.update_yaxes(title=chart.y_title)
    if not chart.joined:
        figure.add_hline(y=0, line={"color": "rgba(128,128,128,0.8)", "width": 1})
    if chart.top is not None:
        figure.update_yaxes(autorangeoptions={"maxallowed": chart.top})
    return line_layout(figure, height, legend=chart.joined)


def _band(figure: go.Figure, band: Band) -> None:
    edge = {"color": translucent(band.colour, 0.0), "width": 0}
    figure.add_scatter(
        x=[*band.x, *reversed(band.x)],
        y=[*band.high, *reversed(band.low)],
        name=band.title,
        mode="lines",
        line=edge,
        fill="toself",
        fillcolor=translucent(band.colour, 0.25),
        hoverinfo="skip",
    )
