"""A rollout drawn over its picture: where the content of a deep token comes from (Plotly)."""

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float, UInt8

from analysis.figures.screen.heat import Anchor, attention_map, frame

SQUARE = 4
"""Pixels per side that are summed up: a token of stage 1, the period of the stem's strides."""


def rollout_map(
    shown: UInt8[np.ndarray, "height width 3"],
    pixels: Float[np.ndarray, "height width"],
    anchor: Anchor | None = None,
    *,
    anchor_pixels: int = 1,
    square: int = SQUARE,
    maximum: float | None = None,
    opacity: float = 0.75,
) -> go.Figure:
    """Draw the relevance of the pixels, summed in squares, over the picture.

    Args:
        shown: The picture as the model saw it.
        pixels: Relevance of each pixel, not negative.
        anchor: The deep token one started from, to frame it; None for the pooled output.
        anchor_pixels: Side of that token in pixels of `shown`.
        square: Side of a square in pixels; squares at the bottom and the right may hold fewer.
        maximum: Upper end of the colour bar; the largest sum if None.
        opacity: Of the heat over the picture, 0 to 1.

    Raises:
        ValueError: If the picture and the relevance are of different sizes, or a square has no pixels.
    """
    if shown.shape[:2] != pixels.shape:
        raise ValueError(
            f"Expected relevance for the picture's {shown.shape[0]} x {shown.shape[1]} pixels, got "
            f"{pixels.shape[0]} x {pixels.shape[1]}; pass the picture as the model saw it."
        )
    sums = in_squares(pixels, square)
    figure = attention_map(
        shown, sums, None, token_pixels=square, maximum=maximum, quantity="relevance", opacity=opacity
    )  # fmt: skip
    if anchor is not None:
        frame(figure, anchor, anchor_pixels)
    return figure


def in_squares(pixels: Float[np.ndarray, "height width"], square: int) -> Float[np.ndarray, "rows columns"]:
    """Return the sums over squares of pixels, the last ones in each axis as large as the picture leaves them.

    Raises:
        ValueError: If a square has no pixels.
    """
    if square < 1:
        raise ValueError(f"A square needs a side of at least 1 pixel, got {square}.")
    rows, columns = (np.arange(0, side, square) for side in pixels.shape)
    return np.add.reduceat(np.add.reduceat(pixels, rows, axis=0), columns, axis=1)
