"""One look for all figures: colours for each kind of attention, maps, fonts and margins."""

import base64
import io
from functools import lru_cache

import numpy as np
import plotly.graph_objects as go
from jaxtyping import UInt8
from matplotlib import colormaps
from PIL import Image

from analysis.attention.kinds import KINDS

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

ANCHOR_COLOUR = "#39FF14"
"""Of the frame around the anchor; no map of attention contains it."""

HEAT_NAME = "inferno"
"""Of the map of attention, in Matplotlib."""

HEAT = [[i / 255, "rgb({},{},{})".format(*colormaps[HEAT_NAME](i, bytes=True)[:3])] for i in range(0, 256, 5)]
"""Perceptually uniform map of attention, from nothing (dark) to the largest value (bright).

Spelled as rgb(...): Streamlit takes the hex colours #000001 to #000018 for places to put its theme's colours.
"""

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
    """Return an image as a data address that Plotly can draw."""
    return _encode(np.ascontiguousarray(image).tobytes(), image.shape)


def greyscale(image: UInt8[np.ndarray, "height width 3"]) -> UInt8[np.ndarray, "height width 3"]:
    """Return the picture in grey (ITU-R 601 luma), the ground that heat is drawn on."""
    luma = image.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    return np.repeat(luma.round().astype(np.uint8)[..., None], 3, axis=-1)


def picture_layout(figure: go.Figure, height: int, width: int) -> go.Figure:
    """Give a figure square pixels, no axes, no margins but for a colour bar, and return it.

    The panel keeps its width where a tall picture does not fill it: the colour bar and the hover text need the room.
    """
    figure.update_xaxes(visible=False, range=[0, width], constrain="domain", fixedrange=True)
    figure.update_yaxes(visible=False, range=[height, 0], scaleanchor="x", constrain="domain", fixedrange=True)
    figure.update_layout(
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
