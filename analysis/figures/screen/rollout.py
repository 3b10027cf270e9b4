"""A rollout drawn over its picture: where the content of a deep token comes from (Plotly)."""

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float

from analysis.figures.canvas import Canvas, Panel
from analysis.figures.screen.heat import heat_map

DIFFERENCE = "relevance less the mean's"

SQUARE = 4
"""Pixels per side that are summed up: a token of stage 1, the period of the stem's strides."""


def rollout_map(canvas: Canvas, pixels: Float[np.ndarray, "height width"], *, signed: bool = False) -> go.Figure:
    """Draw the relevance of the pixels, summed in squares, over the picture.

    Args:
        canvas: The picture, and the deep token the rollout started from, to frame it; none for the pooled output.
        pixels: Relevance of each pixel, or its difference from another.
        signed: Whether it is a difference.

    Raises:
        ValueError: If the picture and the relevance are of different sizes.
    """
    if canvas.size != pixels.shape:
        raise ValueError(
            f"Expected relevance for the picture's {canvas.size[0]} x {canvas.size[1]} pixels, got "
            f"{pixels.shape[0]} x {pixels.shape[1]}; pass the picture as the model saw it."
        )
    return heat_map(canvas, pixel_panel(pixels, signed=signed), relative=not signed)


def pixel_panel(pixels: Float[np.ndarray, "height width"], *, signed: bool = False) -> Panel:
    """Return the relevance of pixels, summed in squares, as a panel."""
    title = f"Pixels, in squares of {SQUARE} × {SQUARE}"
    quantity = DIFFERENCE if signed else "relevance"
    return Panel(title, in_squares(pixels, SQUARE), quantity, pixels=SQUARE, signed=signed)


def in_squares(pixels: Float[np.ndarray, "height width"], square: int) -> Float[np.ndarray, "rows columns"]:
    """Return the sums over squares of pixels, the last ones in each axis as large as the picture leaves them.

    Raises:
        ValueError: If a square has no pixels.
    """
    if square < 1:
        raise ValueError(f"A square needs a side of at least 1 pixel, got {square}.")
    rows, columns = (np.arange(0, side, square) for side in pixels.shape)
    return np.add.reduceat(np.add.reduceat(pixels, rows, axis=0), columns, axis=1)
