"""One token's way through super token attention as a figure for papers (Matplotlib)."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float, Integer, UInt8
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from analysis.figures.numbers import short
from analysis.figures.paper.panels import (
    colour_bar,
    frame_token,
    heat_panel,
    outline_groups,
    panel_figure,
    picture_panel,
)
from analysis.figures.screen.candidates import DIVERGING_NAME, MARGIN, number_height
from analysis.figures.style import HEAT_NAME, greyscale

Maps = Mapping[str, tuple[Float[np.ndarray, "rows columns"], int]]
"""By title: values, and the side of one of them in pixels of the picture."""


def lesson_figure(
    shown: UInt8[np.ndarray, "height width 3"],
    cells: Integer[np.ndarray, "rows columns"],
    candidates: Mapping[str, Float[np.ndarray, " 9"]],
    phantoms: Bool[np.ndarray, " 9"],
    maps: Maps,
    *,
    centre: tuple[int, int],
    cell_pixels: tuple[int, int],
    anchor: tuple[int, int],
    token_pixels: int,
    caption: str,
) -> Figure:
    """Draw the steps in order: the cells, the nine candidates with each of their numbers, the maps.

    Args:
        shown: The picture as the model saw it.
        cells: Cell of each token.
        candidates: By title, nine numbers; a title that names a logit gets colours around 0.
        phantoms: Which candidates lie outside the grid.
        maps: What comes after, by title.
        centre: Row and column of the token's own cell.
        cell_pixels: Height and width of a cell in pixels of `shown`.
        anchor: Row and column of the token.
        token_pixels: Side of a token in pixels of `shown`.
        caption: Below the figure.
    """
    figure, places = panel_figure(1 + len(candidates) + len(maps), shown, caption)
    picture_panel(places[0], shown, "1. Cells")
    outline_groups(places[0], cells, cells.shape[0] * token_pixels, cells.shape[1] * token_pixels)
    for axes, (title, values) in zip(places[1:], candidates.items(), strict=False):
        height = number_height(anchor[0], token_pixels, cell_pixels[0])
        _candidates(axes, shown, values, phantoms, centre, cell_pixels, height, title)
    for axes, (title, (values, pixels)) in zip(places[1 + len(candidates) :], maps.items(), strict=True):
        heat_panel(axes, shown, values, pixels, title, "share" if "share" in title.lower() else "attention")
    for axes in places:
        frame_token(axes, *anchor, token_pixels)
    return figure


def _candidates(
    axes: Axes,
    shown: np.ndarray,
    values: np.ndarray,
    phantoms: np.ndarray,
    centre: tuple[int, int],
    cell_pixels: tuple[int, int],
    height: float,
    title: str,
) -> None:
    """Draw nine numbers on the cells around a token, at a height in each cell; phantoms are dashed."""
    (row, column), (down, across) = centre, cell_pixels
    signed = "logit" in title.lower()
    picture_panel(axes, greyscale(shown), title)
    real = np.where(phantoms, np.nan, values).reshape(3, 3)
    top = float(np.nanmax(np.abs(real))) or 1.0
    extent = ((column - 1) * across, (column + 2) * across, (row + 2) * down, (row - 1) * down)
    heat = axes.imshow(
        real, cmap=DIVERGING_NAME if signed else HEAT_NAME, vmin=-top if signed else 0, vmax=top, alpha=0.9,
        extent=extent,
    )  # fmt: skip
    for place, value in enumerate(values.tolist()):
        y, x = row + place // 3 - 1, column + place % 3 - 1
        dark = phantoms[place] or (abs(value) < 0.6 * top if signed else value > 0.5 * top)
        text = f"phantom\n{short(value)}" if phantoms[place] else short(value)
        colour = "0.4" if phantoms[place] else "black" if dark else "white"
        axes.text((x + 0.5) * across, (y + height) * down, text, ha="center", va="center", fontsize=5, color=colour)
        if phantoms[place]:
            corner = ((x + 0.04) * across, (y + 0.04) * down)
            box = Rectangle(corner, 0.92 * across, 0.92 * down, fill=False, edgecolor="0.5", linestyle="--", lw=0.6)
            axes.add_patch(box)
    axes.set_xlim((column - 1 - MARGIN) * across, (column + 2 + MARGIN) * across)
    axes.set_ylim((row + 2 + MARGIN) * down, (row - 1 - MARGIN) * down)
    colour_bar(axes, heat, title.split(". ")[-1].lower())
