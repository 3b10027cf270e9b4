"""A metric of several models against relative depth (Plotly)."""

from collections.abc import Sequence

import plotly.graph_objects as go

from analysis.figures.compare_values import DepthLine
from analysis.figures.numbers import percent
from analysis.figures.screen.layout import line_layout, literal, say
from analysis.figures.style import no_values

QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Of the depth, where the axis has its ticks."""


def lines_by_depth(lines: Sequence[DepthLine], axis: str, depth: float, *, height: int = 320) -> go.Figure:
    """Draw the mean over heads as a line and the heads as dots.

    Args:
        lines: One for each side that has the metric.
        axis: Title of the axis, with the unit.
        depth: What the maps show, 0 to 1; it is marked.
        height: Of the figure in CSS pixels.
    """
    figure = go.Figure()
    if not lines:
        return say(figure, no_values(axis), height)
    for line in lines:
        figure.add_scatter(
            x=[at for at, _ in line.heads],
            y=[value for _, value in line.heads],
            mode="markers",
            marker={"size": 5, "color": line.colour, "opacity": 0.35},
            hoverinfo="skip",
            showlegend=False,
        )
        figure.add_scatter(
            x=line.depths,
            y=line.means,
            customdata=line.where,
            text=[percent(depth, 0) for depth in line.depths],
            name=literal(line.title),
            mode="lines+markers",
            line={"color": line.colour, "width": 2.5, "dash": line.dash},
            marker={"size": 8},
            hovertemplate=f"block %{{customdata}}, depth %{{text}}<br>{axis}: %{{y:.3f}}"
            "<extra>%{fullData.name}</extra>",
        )
    figure.add_vline(x=depth, line={"color": "rgba(128,128,128,0.8)", "width": 1, "dash": "dot"})
    figure.update_xaxes(
        title="relative depth",
        range=[0, 1],
        tickvals=QUARTERS,
        ticktext=[percent(share, 0) for share in QUARTERS],
        showgrid=False,
    )
    figure.update_yaxes(title=axis, rangemode="tozero")
    return line_layout(figure, height)
