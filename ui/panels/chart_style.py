"""How charts look in the app, in light and in dark; what a figure says of itself comes first.

Streamlit's own theme for Plotly would draw every chart twice: it gives the chart a template, and Plotly takes each
template for a new one.
"""

from typing import Any

import plotly.graph_objects as go

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
    "title": {"font": {"size": TITLE}},
}

_AXES = {
    "xaxis": _AXIS | {"title": {"font": {"size": TITLE}, "standoff": 20}, "zeroline": False},
    "yaxis": _AXIS | {"title": {"font": {"size": TITLE}, "standoff": 24}},
}

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
    own = figure.layout.to_plotly_json()
    axes = {name: _AXES[name[:5]] for name in own if name[:5] in _AXES}
    figure.layout = _merged(_LAYOUT | axes, own)
    figure.layout.template = None  # after the layout, which brings one


def _merged(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Return both, with what lies over where they differ."""
    inner = {name: _merged(under[name], over[name]) for name in under if isinstance(over.get(name), dict)}
    return under | over | inner
