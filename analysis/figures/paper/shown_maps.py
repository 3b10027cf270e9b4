"""An anchor's maps as the explorer shows them: its scale, its opacity, its borders, the part that is zoomed to."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Integer
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from analysis.figures.canvas import Canvas
from analysis.figures.colour_scales import Levels
from analysis.figures.paper.panels import colour_bar, frame_token, outline_groups, panel_figure, picture_panel
from analysis.figures.style import HEAT_NAME, greyscale

TITLE_SIZE, TICK_SIZE = 10, 8
"""Points, larger than in figures for papers: it is looked at on the screen, half as large."""


@dataclass(frozen=True, eq=False)
class ShownMap:
    """One map.

    Attributes:
        title: Heading.
        levels: Of colour, one for each token.
    """

    title: str
    levels: Levels


@dataclass(frozen=True, eq=False)
class Dress:
    """How maps are shown.

    Attributes:
        opacity: Of the heat, 0 to 1.
        labels: The super token of each token, whose borders are drawn; None draws none.
        on_picture: Whether they are drawn on the picture.
        on_maps: Whether they are drawn on the maps.
        rows: First and last row of pixels that are seen.
        columns: The same across.
    """

    opacity: float
    labels: Integer[np.ndarray, "rows columns"] | None
    on_picture: bool
    on_maps: bool
    rows: tuple[float, float]
    columns: tuple[float, float]


def shown_maps_figure(canvas: Canvas, maps: Sequence[ShownMap], dress: Dress) -> Figure:
    """Draw the picture and the maps.

    Args:
        canvas: The picture, and the token or region to frame.
        maps: What to draw.
        dress: How.
    """
    figure, all_axes = panel_figure(len(maps) + 1, canvas)
    picture_panel(all_axes[0], canvas.shown, "Anchor")
    if dress.on_picture:
        _outline(all_axes[0], canvas, dress.labels)
    for axes, shown in zip(all_axes[1:], maps, strict=True):
        picture_panel(axes, greyscale(canvas.shown), shown.title)
        _heat(axes, shown.levels.of, canvas.token_pixels, dress.opacity)
        _bar(axes, shown.levels)
        if dress.on_maps:
            _outline(axes, canvas, dress.labels)
    for axes in all_axes:
        axes.title.set_fontsize(TITLE_SIZE)
        frame_token(axes, canvas)
        axes.set(xlim=dress.columns, ylim=dress.rows[::-1])
    return figure


def _heat(axes: Axes, levels: Float[np.ndarray, "rows columns"], side: int, opacity: float) -> None:
    extent = (0, levels.shape[1] * side, levels.shape[0] * side, 0)
    axes.imshow(levels, cmap=HEAT_NAME, vmin=0, vmax=1, alpha=opacity, extent=extent, interpolation="nearest")


def _bar(axes: Axes, levels: Levels) -> None:
    bar = colour_bar(axes, ScalarMappable(Normalize(0, 1), HEAT_NAME), levels.quantity)
    bar.set_ticks([0, 0.5, 1], labels=list(levels.ticks))
    bar.ax.tick_params(labelsize=TICK_SIZE)
    bar.set_label(levels.quantity, fontsize=TICK_SIZE, labelpad=1)


def _outline(axes: Axes, canvas: Canvas, labels: Integer[np.ndarray, "rows columns"] | None) -> None:
    if labels is not None:
        outline_groups(axes, labels, *(side * canvas.token_pixels for side in labels.shape))
