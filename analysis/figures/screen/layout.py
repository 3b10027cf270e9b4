"""The layout that all line charts share (Plotly)."""

import plotly.graph_objects as go

from analysis.figures.style import FONT_SIZE

LABEL_SPACE = 72
"""Pixels left of each chart for its axis, always the same, so that charts beside and below each other line up."""


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
        margin={"l": LABEL_SPACE, "r": 8, "t": 36 if legend else 8, "b": 0},
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
