"""Pictures that Plotly draws: as data, their size and margins, and how far they can be zoomed."""

import base64
import io
from functools import lru_cache
from zlib import crc32

import numpy as np
import plotly.graph_objects as go
from jaxtyping import UInt8
from PIL import Image

from analysis.figures.screen.layout import FONT_SIZE

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
