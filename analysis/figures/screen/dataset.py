"""What a metric is like over many pictures (Plotly)."""

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from analysis.figures.dataset_values import Curve, attentions_of
from analysis.figures.screen.layout import line_layout, literal, say, translucent
from analysis.figures.style import KIND_COLOURS, KIND_NAMES

ZERO = {"color": "rgba(128,128,128,0.7)", "width": 1, "dash": "dot"}

CLASS_HEIGHT = 22
"""Of one class, in CSS pixels."""


def bands_by_depth(curves: Sequence[Curve], axis: str, height: int = 320) -> go.Figure:
    """Draw medians as lines, the middle half of the pictures as a band and 90 % of them as a lighter one."""
    figure = go.Figure()
    if not curves:
        return say(figure, "There is no such number in this sweep.", height)
    for curve in curves:
        _band(figure, curve, curve.low, curve.high, 0.12)
        if curve.inner is not None:
            _band(figure, curve, *curve.inner, 0.22)
    for curve in curves:
        figure.add_scatter(
            x=curve.blocks,
            y=curve.middle,
            name=curve.name,
            mode="lines+markers",
            line={"color": curve.colour, "width": 2.5, "dash": curve.dash},
            customdata=list(zip(curve.low, curve.high, strict=True)),
            hovertemplate="block %{x}<br>median %{y:.4g}<br>90 %: %{customdata[0]:.4g} to %{customdata[1]:.4g}"
            f"<extra>{curve.name}</extra>",
        )
    return _by_depth(figure, curves, axis, height)


def intervals_by_depth(curves: Sequence[Curve], axis: str, height: int = 280) -> go.Figure:
    """Draw values with their 95 % intervals as bars, and a line at 0."""
    figure = go.Figure()
    if not curves:
        return say(figure, "Nothing varies here, so there is nothing to compare.", height)
    figure.add_hline(y=0, line=ZERO)
    for curve in curves:
        figure.add_scatter(
            x=curve.blocks,
            y=curve.middle,
            name=curve.name,
            mode="markers",
            marker={"color": curve.colour, "size": 8},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [high - middle for high, middle in zip(curve.high, curve.middle, strict=True)],
                "arrayminus": [middle - low for low, middle in zip(curve.low, curve.middle, strict=True)],
            },
            customdata=list(zip(curve.low, curve.high, strict=True)),
            hovertemplate="block %{x}<br>%{y:.3g} (95 %: %{customdata[0]:.3g} to %{customdata[1]:.3g})"
            f"<extra>{curve.name}</extra>",
        )
    return _by_depth(figure, curves, axis, height)


def class_bars(classes: pd.DataFrame, axis: str) -> go.Figure:
    """Draw a class a line: its median as a dot, the middle half of its pictures thick and 90 % of them thin."""
    figure = go.Figure()
    names = [literal(name) for name in classes["class"]]
    if not names:
        return say(figure, "The classes of these pictures are not known.", 4 * CLASS_HEIGHT)
    colour = KIND_COLOURS["super"]
    for low, high, width in (("q05", "q95", 2), ("q25", "q75", 7)):
        figure.add_scatter(
            x=[value for pair in zip(classes[low], classes[high], [None] * len(names), strict=True) for value in pair],
            y=[name for name in names for _ in range(3)],
            mode="lines",
            line={"color": colour, "width": width},
            opacity=0.5,
            hoverinfo="skip",
        )
    figure.add_scatter(
        x=classes["q50"],
        y=names,
        mode="markers",
        marker={"color": colour, "size": 9},
        customdata=classes[["pictures", "q05", "q95"]],
        hovertemplate="%{y}<br>median %{x:.4g}<br>90 %: %{customdata[1]:.4g} to %{customdata[2]:.4g}<br>"
        "%{customdata[0]:,} pictures<extra></extra>",
    )
    figure.update_xaxes(title=axis)
    figure.update_yaxes(type="category", categoryorder="array", categoryarray=names[::-1], showgrid=False)
    line_layout(figure, CLASS_HEIGHT * len(names) + 60, legend=False)
    figure.update_layout(showlegend=False)
    figure.update_yaxes(automargin=True)
    return figure


def value_histogram(found: pd.DataFrame, own: str, axis: str, height: int = 280) -> go.Figure:
    """Draw how many pictures have which value in one block, for each attention."""
    figure = go.Figure()
    for kind in attentions_of(found):
        part = found[found["attention"] == kind]
        name = own if kind == "super" else KIND_NAMES.get(kind, kind)
        figure.add_scatter(
            x=part["middle"],
            y=part["pictures"],
            name=name,
            mode="lines",
            fill="tozeroy",
            line={"color": KIND_COLOURS.get(kind, "#000000"), "shape": "hvh", "width": 2},
            hovertemplate="%{x:.4g}<br>%{y:,} pictures<extra></extra>",
        )
    figure.update_xaxes(title=axis)
    figure.update_yaxes(title="pictures", rangemode="tozero")
    return line_layout(figure, height)


def _band(figure: go.Figure, curve: Curve, low: Sequence[float], high: Sequence[float], opacity: float) -> None:
    figure.add_scatter(
        x=[*curve.blocks, *curve.blocks[::-1]],
        y=[*high, *low[::-1]],
        fill="toself",
        fillcolor=translucent(curve.colour, opacity),
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
        showlegend=False,
    )


def _by_depth(figure: go.Figure, curves: Sequence[Curve], axis: str, height: int) -> go.Figure:
    longest = max((curve.blocks for curve in curves), key=len)
    figure.update_xaxes(title="stage.block", type="category", categoryorder="array", categoryarray=list(longest))
    figure.update_xaxes(showgrid=False)
    figure.update_yaxes(title=axis)
    return line_layout(figure, height)
