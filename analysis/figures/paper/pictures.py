"""Findings over one picture as figures for papers (Matplotlib): maps, groupings, changes, rollouts."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from analysis.figures.canvas import Canvas, Panel
from analysis.figures.paint import check_drawing
from analysis.figures.paper.charts import draw_changes
from analysis.figures.paper.groupings import Grouped, draw_groupings
from analysis.figures.paper.panels import (
    PANEL_INCHES,
    caption_below,
    frame_token,
    heat_panel,
    panel_figure,
    picture_panel,
)


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
        drawing: Name in `analysis.grouping.choices.DRAWINGS`.
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
    draw_groupings([figure.add_subplot(rows[0, place]) for place in range(len(groupings))], canvas, groupings, drawing)
    draw_changes(figure.add_subplot(rows[-1, :]), relative, colour)
    return figure
