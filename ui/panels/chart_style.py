"""How charts look in the app, in light and in dark; what a figure says of itself comes first.

Streamlit's own theme for Plotly would draw every chart twice: it gives the chart a template, and Plotly takes each
template for a new one.
"""

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go
from plotly.basedatatypes import BasePlotlyType

STYLE = """<style>
.stPlotlyChart svg :is(
  .xtick text, .ytick text, .xtitle, .ytitle, .cbaxis text, .cbtitle text, .legendtext, .annotation-text) {
  fill: color-mix(in srgb, currentColor 80%, transparent) !important}
</style>"""
"""Text takes its colour from the page, which may be light or dark."""

FONT = '"Source Sans", sans-serif'
TITLE, TEXT = 14, 12
"""CSS pixels."""

RULE = "rgba(128,128,128,0.2)"

_AXIS = {
    "automargin": True,
    "gridcolor": RULE,
    "zerolinecolor": RULE,
    "tickfont": {"size": TEXT},
}
_ACROSS = _AXIS | {"title": {"font": {"size": TITLE}, "standoff": 20}, "zeroline": False}
_UP = _AXIS | {"title": {"font": {"size": TITLE}, "standoff": 24}}

_LAYOUT = {
    "font": {"family": FONT, "size": TEXT},
    "legend": {"font": {"size": TEXT}},
    "margin": {"pad": 8},
    "hoverlabel": {"bgcolor": "#31333f", "font": {"family": FONT, "size": TEXT, "color": "#fff"}},
    "datarevision": "drawn once",
}
"""The revision tells Plotly that data that come again are the same: Streamlit hands each chart over twice."""


def style(figure: go.Figure) -> None:
    """Give a figure the look of the app, where it has none of its own."""
    figure.layout.template = None
    _fill(figure.layout, _LAYOUT)
    for axis in figure.select_xaxes():
        _fill(axis, _ACROSS)
    for axis in figure.select_yaxes():
        _fill(axis, _UP)


def _fill(part: BasePlotlyType, wanted: Mapping[str, Any]) -> None:
    """Set what a part of a figure does not say; to validate the whole layout again would take ten times as long."""
    for name, value in wanted.items():
        if isinstance(value, dict):
            _fill(part[name], value)
        elif part[name] is None:
            part[name] = value
