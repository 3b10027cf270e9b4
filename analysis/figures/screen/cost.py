"""What attention costs against the size of the picture (Plotly)."""

from collections.abc import Sequence

import plotly.graph_objects as go

from analysis.figures.screen.layout import line_layout
from analysis.figures.style import KIND_COLOURS, KIND_NAMES, Curve

DASHES = {"formula": "dot", "counted": "solid", "measured": "solid"}


def scaling_curves(curves: Sequence[Curve], *, title: str, unit: str, height: int = 360) -> go.Figure:
    """Draw curves over the side of the picture, both axes logarithmic.

    Args:
        curves: What to draw; kinds have the colours of `analysis.figures.style`.
        title: Of the values.
        unit: Of the values.
        height: Of the figure in CSS pixels.
    """
    figure = go.Figure()
    for kind, source, sizes, values in curves:
        figure.add_scatter(
            x=list(sizes),
            y=list(values),
            name=f"{KIND_NAMES[kind]}, {source}",
            mode="lines+markers",
            line={"color": KIND_COLOURS[kind], "width": 2.5, "dash": DASHES[source]},
            marker={"size": 7, "symbol": "circle-open" if source == "formula" else "circle"},
            hovertemplate=f"%{{x}} px<br>%{{y:.4g}} {unit}<extra>{KIND_NAMES[kind]}, {source}</extra>",
        )
    sizes = sorted({size for curve in curves for size in curve[2]})
    figure.update_xaxes(title="side of the picture (px)", type="log", tickvals=sizes, showgrid=False)
    figure.update_yaxes(title=f"{title} ({unit})", type="log", tickformat=",", dtick=1)
    return line_layout(figure, height)
