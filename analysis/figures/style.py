"""One style for all figures: colours for each kind of attention, maps, fonts and margins."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

import numpy as np
import plotly.graph_objects as go
from jaxtyping import UInt8
from matplotlib import colormaps
from PIL import Image

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

HEAT = [[i / 255, "rgb({},{},{})".format(*colormaps[HEAT_NAME](i, bytes=True)[:3])] for i in range(0, 256, 5)]
"""Perceptually uniform map of attention, from nothing (dark) to the largest value (bright).

Spelled as rgb(...): Streamlit takes the hex colours #000001 to #000018 for places to put its theme's colours.
"""

DIVERGING_NAME = "RdBu_r"
"""Of the map of signed values, in Matplotlib: blue, over white at 0, to red; colour-blind safe."""

DIVERGING = [
    [i / 255, "rgb({},{},{})".format(*colormaps[DIVERGING_NAME](i, bytes=True)[:3])] for i in range(0, 256, 15)
]

NEIGHBOUR_MARGIN = 0.35
"""Room around the nine super tokens of a token, in cells."""

FONT_SIZE = 13
PANEL_WIDTH = 280
"""Width of one picture panel in CSS pixels, three of which stand side by side on a laptop; its height follows from the
picture."""

TALLEST = 1.5
"""Height of a panel's picture at most, in panel widths: a taller picture is drawn narrower, amid its panel."""

BAR_SPACE = 64
"""Pixels below each picture for its colour bar; kept free where there is none, so that pictures line up."""


@lru_cache(maxsize=32)
def _encode(data: bytes, shape: tuple[int, ...]) -> str:
    buffer = io.BytesIO()
    Image.fromarray(np.frombuffer(data, np.uint8).reshape(shape)).save(buffer, format="PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def png_source(image: UInt8[np.ndarray, "height width ..."]) -> str:
    """Return an image as a data address that Plotly can draw.

    Example:
        >>> png_source(np.zeros((1, 1, 3), np.uint8))[:22]
        'data:image/png;base64,'
    """
    return _encode(np.ascontiguousarray(image).tobytes(), image.shape)


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


def show_part(figure: go.Figure, rows: tuple[float, float], columns: tuple[float, float]) -> None:
    """Make a figure over a picture show a part of it, in pixels, beyond which nobody can zoom or move."""
    figure.update_xaxes(range=columns, minallowed=columns[0], maxallowed=columns[1])
    figure.update_yaxes(range=rows[::-1], minallowed=rows[0], maxallowed=rows[1])


def picture_layout(figure: go.Figure, height: int, width: int) -> go.Figure:
    """Give a figure square pixels, no axes, no margins but for a colour bar, and return it.

    The panel keeps its width where a tall picture does not fill it: the colour bar and the hover text need the room.
    It can be zoomed, but not beyond the picture; another picture is shown whole again.
    """
    figure.update_xaxes(visible=False, constrain="domain")
    figure.update_yaxes(visible=False, scaleanchor="x", constrain="domain")
    show_part(figure, (0, height), (0, width))
    figure.update_layout(
        dragmode="pan",
        uirevision=crc32("".join(image.source for image in figure.layout.images).encode()),
        modebar={"bgcolor": "rgba(255,255,255,0.85)", "color": "#31333F", "activecolor": "#0072B2"},
        width=PANEL_WIDTH,
        height=round(PANEL_WIDTH * min(height / width, TALLEST)) + BAR_SPACE,
        margin={"l": 0, "r": 0, "t": 0, "b": BAR_SPACE},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"size": FONT_SIZE},
        showlegend=False,
        hoverlabel={"font": {"size": FONT_SIZE}},
    )
    return figure
