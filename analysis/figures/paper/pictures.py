"""Findings over one picture as figures for papers (Matplotlib): maps, groupings, changes, rollouts."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Integer
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.canvas import Canvas, Panel
from analysis.figures.paint import check_drawing, colour_labels, mean_colours
from analysis.figures.paper.charts import draw_changes
from analysis.figures.paper.panels import (
    PANEL_INCHES,
    caption_below,
    frame_token,
    heat_panel,
    outline_groups,
    panel_figure,
    picture_panel,
)

Grouped = tuple[str, Integer[np.ndarray, "_ _"]]
"""Title and the group of each token or pixel."""


def maps_figure(canvas: Canvas, panels: Sequence[Panel], *, framed: int | None = None) -> Figure:
    """Draw the picture and every map over it, each with a colour bar in absolute units.

    Args:
        canvas: The picture, the token to frame, the caption.
        panels: What to draw.
        framed: On how many of the pictures the token is framed; None frames it on all.
    """
    figure, all_axes = panel_figure(len(panels) + 1, canvas)
    picture_panel(all_axes[0], canvas.shown, "Picture")
    for axes, panel in zip(all_axes[1:], panels, strict=True):
        heat_panel(axes, canvas, panel)
    for axes in all_axes[:framed]:
        frame_token(axes, canvas)
    return figure


def grouping_figure(canvas: Canvas, groupings: Sequence[Grouped], drawing: str) -> Figure:
    """Draw groupings side by side.

    Args:
        canvas: The picture and the caption.
        groupings: What to draw.
        drawing: Name in `analysis.grouping.choices.DRAWINGS`.

    Raises:
        ValueError: If there is no such drawing.
    """
    check_drawing(drawing)
    figure, all_axes = panel_figure(len(groupings), canvas, bars=False)
    for axes, (title, labels) in zip(all_axes, groupings, strict=True):
        _grouping(axes, canvas, title, labels, drawing)
    return figure


def change_figure(
    canvas: Canvas,
    groupings: Sequence[Grouped],
    drawing: str,
    relative: Mapping[tuple[int, int], float],
    colour: str,
) -> Figure:
    """Draw the learned and the changed grouping above the change of each block's output.

    Args:
        canvas: The picture and the caption.
        groupings: Before and after; none for a block without super tokens.
        drawing: As in `grouping_figure`.
        relative: By (stage, block), counted from 0, |changed - learned| / |learned| of the output.
        colour: Of the bars.

    Raises:
        ValueError: If there is no such drawing.
    """
    check_drawing(drawing)
    height, width = canvas.size
    tall = PANEL_INCHES * height / width if groupings else 0.0
    figure = Figure(figsize=(2 * PANEL_INCHES + 0.2, tall + 2.2), layout="constrained")
    caption_below(figure, canvas.caption)
    rows = figure.add_gridspec(2 if groupings else 1, 2, height_ratios=[tall, 1.6] if groupings else [1])
    for index, (title, labels) in enumerate(groupings):
        _grouping(figure.add_subplot(rows[0, index]), canvas, title, labels, drawing)
    draw_changes(figure.add_subplot(rows[-1, :]), relative, colour)
    return figure


def _grouping(axes: Axes, canvas: Canvas, title: str, labels: np.ndarray, drawing: str) -> None:
    height, width = canvas.size
    picture_panel(axes, mean_colours(canvas.shown, labels) if drawing == "means" else canvas.shown, title)
    if drawing == "labels":
        axes.imshow(colour_labels(labels), extent=(0, width, height, 0), interpolation="nearest")
    if drawing == "boundaries":
        outline_groups(axes, labels, height, width)
