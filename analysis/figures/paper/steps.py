"""One token's way through super token attention as a figure for papers (Matplotlib)."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Integer
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from analysis.figures.canvas import Canvas, Neighbourhood, Panel
from analysis.figures.numbers import significant, symmetric_range, value_range
from analysis.figures.paper.panels import (
    colour_bar,
    frame_token,
    heat_panel,
    outline_groups,
    panel_figure,
    picture_panel,
)
from analysis.figures.style import DIVERGING_NAME, HEAT_NAME, NEIGHBOUR_MARGIN, greyscale, number_height


def steps_figure(
    canvas: Canvas,
    cells: Integer[np.ndarray, "rows columns"],
    around: Neighbourhood,
    candidates: Sequence[Panel],
    maps: Sequence[Panel],
) -> Figure:
    """Draw the steps in order: the cells, the nine candidates with each of their numbers, the maps.

    Args:
        canvas: The picture, the token, the caption.
        cells: Cell of each token.
        around: Where the nine candidates lie.
        candidates: Numbers of the candidates, values of shape (3, 3).
        maps: The maps of the steps that follow.
    """
    figure, all_axes = panel_figure(1 + len(candidates) + len(maps), canvas)
    picture_panel(all_axes[0], canvas.shown, "1. Cells")
    outline_groups(all_axes[0], cells, *(side * canvas.token_pixels for side in cells.shape))
    split = 1 + len(candidates)
    for axes, panel in zip(all_axes[1:split], candidates, strict=True):
        _candidates(axes, canvas, around, panel)
    for axes, panel in zip(all_axes[split:], maps, strict=True):
        heat_panel(axes, canvas, panel)
    for axes in all_axes:
        frame_token(axes, canvas)
    return figure


def _candidates(axes: Axes, canvas: Canvas, around: Neighbourhood, panel: Panel) -> None:
    """Draw nine numbers on the cells around a token; phantoms are dashed."""
    (row, column), (down, across) = around.centre, around.cell_pixels
    picture_panel(axes, greyscale(canvas.shown), panel.title)
    real = np.where(around.phantoms.reshape(3, 3), np.nan, panel.values)
    low, high = symmetric_range(real) if panel.signed else value_range(real)
    name = DIVERGING_NAME if panel.signed else HEAT_NAME
    extent = ((column - 1) * across, (column + 2) * across, (row + 2) * down, (row - 1) * down)
    heat = axes.imshow(real, cmap=name, vmin=low, vmax=high, alpha=0.9, extent=extent)
    height = number_height(canvas, down)
    for index, (value, phantom) in enumerate(zip(panel.values.ravel().tolist(), around.phantoms, strict=True)):
        y, x = row + index // 3 - 1, column + index % 3 - 1
        text = f"phantom\n{significant(value)}" if phantom else significant(value)
        colour = "0.4" if phantom else _ink(value, low, high, panel.signed)
        axes.text((x + 0.5) * across, (y + height) * down, text, ha="center", va="center", fontsize=5, color=colour)
        if phantom:
            corner = ((x + 0.04) * across, (y + 0.04) * down)
            box = Rectangle(corner, 0.92 * across, 0.92 * down, fill=False, edgecolor="0.5", linestyle="--", lw=0.6)
            axes.add_patch(box)
    axes.set_xlim((column - 1 - NEIGHBOUR_MARGIN) * across, (column + 2 + NEIGHBOUR_MARGIN) * across)
    axes.set_ylim((row + 2 + NEIGHBOUR_MARGIN) * down, (row - 1 - NEIGHBOUR_MARGIN) * down)
    colour_bar(axes, heat, panel.quantity)


def _ink(value: float, low: float, high: float, signed: bool) -> str:
    """Return a readable colour for a number: a diverging map is light in the middle, the other one at the top."""
    light = abs(value) < 0.6 * high if signed else value > (low + high) / 2
    return "black" if light else "white"
