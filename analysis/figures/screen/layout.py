"""What figures on the screen share (Plotly): colour scales, font, the layout of line charts, words for empty ones."""

import plotly.graph_objects as go
from matplotlib import colormaps

from analysis.figures.style import DIVERGING_NAME, HEAT_NAME

HEAT = [[i / 255, "rgb({},{},{})".format(*colormaps[HEAT_NAME](i, bytes=True)[:3])] for i in range(0, 256, 5)]
"""Perceptually uniform map of attention, from nothing (dark) to the largest value (bright).

Spelled as rgb(...): Streamlit takes the hex colours #000001 to #000018 for places to put its theme's colours.
"""

DIVERGING = [
    [i / 255, "rgb({},{},{})".format(*colormaps[DIVERGING_NAME](i, bytes=True)[:3])] for i in range(0, 256, 15)
]
"""Map of signed values: blue, over white at 0, to red."""

FONT_SIZE = 13

LABEL_SPACE = 72
"""Pixels left of each chart for its axis, always the same, so that charts beside and below each other line up."""

AXIS_SPACE = 55
"""Pixels below each chart for its axis: what it takes, as Plotly draws a chart again whose margins are too small.

It adds the smallest of the four margins to what an axis or a legend takes, so one of them is 0.
"""


def translucent(colour: str, opacity: float) -> str:
    """Return a colour for the screen that lets what is behind show.

    Example:
        >>> translucent("#0072B2", 0.5)
        'rgba(0,114,178,0.5)'
    """
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def literal(text: str) -> str:
    """Return a text that Plotly shows as it is: it reads tags, and formulas where MathJax is there.

    Example:
        >>> literal("<b> $x$")
        '&#60;b&#62; &#36;x&#36;'
    """
    return "".join(one if one.isalnum() or one in " .,()%-+" else f"&#{ord(one)};" for one in text)


def line_layout(figure: go.Figure, height: int, *, legend: bool = True) -> go.Figure:
    """Give a chart its margins, its legend above (or no room for one) and a transparent background, and return it."""
    figure.update_layout(
        height=height,
        margin={"l": LABEL_SPACE, "r": 0, "t": 36 if legend else 8, "b": AXIS_SPACE},
        font={"size": FONT_SIZE},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hovermode="closest",
    )
    figure.update_yaxes(automargin=False)
    return figure


def say(figure: go.Figure, words: str, height: int) -> go.Figure:
    """Write words in place of a chart that would be empty, and return the figure."""
    figure.add_annotation(text=words, x=0.5, y=0.5, xref="paper", yref="paper", showarrow=False)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return line_layout(figure, height, legend=False)
