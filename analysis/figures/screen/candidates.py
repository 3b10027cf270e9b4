"""The nine super tokens that a token may belong to, with one number each, drawn on their cells (Plotly)."""

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Bool, Float, UInt8
from matplotlib import colormaps

from analysis.figures.numbers import short
from analysis.figures.screen.heat import Anchor, colour_bar, frame
from analysis.figures.style import FONT_SIZE, HEAT, greyscale, picture_layout, png_source

MARGIN = 0.35
"""Of a cell, around the nine."""

DIVERGING_NAME = "RdBu_r"
DIVERGING = [
    [i / 255, "rgb({},{},{})".format(*colormaps[DIVERGING_NAME](i, bytes=True)[:3])] for i in range(0, 256, 15)
]
"""From negative (blue) over 0 (white) to positive (red): colour-blind safe."""

GREY = "rgba(128,128,128,1)"


def number_height(anchor_row: int, token_pixels: int, cell_height: int) -> float:
    """Return how far down its cell a number stands, 0 to 1: in the half that the anchor's frame leaves free."""
    middle = (anchor_row + 0.5) * token_pixels % cell_height / cell_height
    return 0.7 if middle < 0.5 else 0.3


def candidates_map(
    shown: UInt8[np.ndarray, "height width 3"],
    values: Float[np.ndarray, " 9"],
    phantoms: Bool[np.ndarray, " 9"],
    *,
    centre: tuple[int, int],
    cell_pixels: tuple[int, int],
    anchor: Anchor,
    token_pixels: int,
    quantity: str,
    signed: bool = False,
) -> go.Figure:
    """Draw nine numbers on the cells around a token, near enough to read; phantoms are dashed.

    Args:
        shown: The picture as the model saw it.
        values: One for each candidate, row by row.
        phantoms: Which candidates lie outside the grid.
        centre: Row and column of the token's own cell on the grid of super tokens.
        cell_pixels: Height and width of a cell in pixels of `shown`.
        anchor: The token, to frame it.
        token_pixels: Side of a token in pixels of `shown`.
        quantity: What the values are, for the colour bar.
        signed: Whether the colours run from -max over 0 to max, else from 0.
    """
    height, width = shown.shape[:2]
    figure = go.Figure()
    figure.add_layout_image(
        source=png_source(greyscale(shown)), x=0, y=0, sizex=width, sizey=height,
        xref="x", yref="y", sizing="stretch", layer="below",
    )  # fmt: skip
    real = np.where(phantoms, np.nan, values).reshape(3, 3)
    top = float(np.nanmax(np.abs(real))) or 1.0
    down, across = cell_pixels
    lines = ["%{text}", "\N{NO-BREAK SPACE}"]  # an empty line beside it moves the number up or down
    number = "<br>".join(lines if number_height(anchor.row, token_pixels, down) < 0.5 else lines[::-1])
    figure.add_heatmap(
        z=real,
        x0=(centre[1] - 0.5) * across, dx=across, y0=(centre[0] - 0.5) * down, dy=down,
        text=[["" if np.isnan(value) else short(value) for value in row] for row in real.tolist()],
        texttemplate=number, textfont={"size": FONT_SIZE}, xgap=1, ygap=1,
        hovertemplate=f"{quantity} %{{z:.4g}}<extra></extra>", hoverongaps=False,
        colorscale=DIVERGING if signed else HEAT, zmin=-top if signed else 0, zmax=top, opacity=0.9,
        colorbar=colour_bar(quantity, -top if signed else 0.0, top),
    )  # fmt: skip
    for place in np.flatnonzero(phantoms).tolist():
        _phantom(figure, centre[0] + place // 3 - 1, centre[1] + place % 3 - 1, cell_pixels, float(values[place]))
    frame(figure, anchor, token_pixels)
    picture_layout(figure, down, across)
    figure.update_xaxes(range=[(centre[1] - 1 - MARGIN) * across, (centre[1] + 2 + MARGIN) * across])
    figure.update_yaxes(range=[(centre[0] + 2 + MARGIN) * down, (centre[0] - 1 - MARGIN) * down])
    return figure


def _phantom(figure: go.Figure, row: int, column: int, cell_pixels: tuple[int, int], value: float) -> None:
    down, across = cell_pixels
    figure.add_shape(
        type="rect", x0=(column + 0.04) * across, x1=(column + 0.96) * across, y0=(row + 0.04) * down,
        y1=(row + 0.96) * down, line={"color": GREY, "width": 1, "dash": "dash"},
    )  # fmt: skip
    figure.add_annotation(
        x=(column + 0.5) * across, y=(row + 0.5) * down, text=f"phantom<br>{short(value)}", showarrow=False,
        font={"size": FONT_SIZE - 1, "color": GREY},
    )  # fmt: skip
