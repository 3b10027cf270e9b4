"""One style for all figures, on screen and on paper: names, colours, lines and marks of what is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from analysis.attention.kinds import KINDS
from analysis.figures.canvas import Canvas
from analysis.figures.paint import luma

BESIDE_ATTENTION = {
    "association": ("Association", "#CC79A7"),
    "block": ("Tokens and association", "#56B4E9"),
}
"""Title and colour of what is shown or measured beside the kinds of attention."""

KIND_NAMES = {name: kind.title for name, kind in KINDS.items()} | {
    name: title for name, (title, _) in BESIDE_ATTENTION.items()
}
"""What people call what is drawn."""

KIND_COLOURS = {name: kind.colour for name, kind in KINDS.items()} | {
    name: colour for name, (_, colour) in BESIDE_ATTENTION.items()
}
"""Colour-blind safe (Okabe and Ito, Tol), on screen and on paper."""

UNIFORM_NAME = KINDS["uniform"].title
"""Of the line that metrics are read against."""

Curve = tuple[str, str, Sequence[float], Sequence[float]]
"""Kind of attention, what the values are ("formula", "counted", "measured"), sizes in px, values."""


@dataclass(frozen=True)
class Marker:
    """How means are marked.

    Attributes:
        screen: Plotly's name of the symbol.
        paper: Matplotlib's.
        size: In CSS pixels.
    """

    screen: str
    paper: str
    size: int


def marker_of(kind: str) -> Marker:
    """Return the mark of a kind of attention: the model's own is smaller, so that an equal value behind it shows."""
    return Marker("circle", "o", 8) if kind == "super" else Marker("diamond", "D", 11)


def line_of(kind: str) -> str:
    """Return the line of a kind of attention: "solid", "dash", "dot" or "dashdot".

    Example:
        >>> line_of("super"), line_of("global")
        ('solid', 'dash')
    """
    return KINDS[kind].dash if kind in KINDS else "solid"


def no_values(title: str) -> str:
    """Return what is said in place of a chart that would be empty.

    Example:
        >>> no_values("Entropy")
        'Entropy does not exist for what is chosen here.'
    """
    return f"{title} does not exist for what is chosen here."


ANCHOR_COLOUR = "#39FF14"
"""Of the frame around the anchor; no map of attention contains it."""

PEOPLE_COLOUR = "#FFD400"
"""Of the borders of the regions that people drew."""

HEAT_NAME = "inferno"
"""Of the map of attention, in Matplotlib."""

DIVERGING_NAME = "RdBu_r"
"""Of the map of signed values, in Matplotlib: blue, over white at 0, to red; colour-blind safe."""

NEIGHBOUR_MARGIN = 0.35
"""Room around the nine super tokens of a token, in cells."""


def greyscale(image: UInt8[np.ndarray, "height width 3"]) -> UInt8[np.ndarray, "height width 3"]:
    """Return the picture in grey (ITU-R 601 luma), the ground that heat is drawn on.

    Example:
        >>> greyscale(np.array([[[255, 0, 0]]], np.uint8))  # 0.299 * 255
        array([[[76, 76, 76]]], dtype=uint8)
    """
    return np.repeat(luma(image).round().astype(np.uint8)[..., None], 3, axis=-1)


def number_height(canvas: Canvas, cell_height: int) -> float:
    """Return how far down its cell a number stands, 0 to 1: in the half that the anchor's frame leaves free."""
    if canvas.anchor is None:
        return 0.5
    middle = (canvas.anchor.row + 0.5) * canvas.token_pixels % cell_height / cell_height
    return 0.7 if middle < 0.5 else 0.3
