"""Groupings of one picture side by side, with what people drew and soft memberships (Matplotlib)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Integer
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.canvas import Canvas, Panel
from analysis.figures.matched_colours import Colours, matched_colours, painted
from analysis.figures.paint import check_drawing, mean_colours
from analysis.figures.paper.panels import (
    frame_token,
    heat_panel,
    outline_groups,
    outline_people,
    panel_figure,
    picture_panel,
)

Grouped = tuple[str, Integer[np.ndarray, "_ _"]]
"""Title and the group of each token or pixel."""


@dataclass(frozen=True, eq=False)
class Beside:
    """What is drawn beside the groupings.

    Attributes:
        people: Regions of each annotator, whose borders lie over every grouping.
        memberships: Maps of soft membership, each in a panel of its own.
        reference: Position of the grouping whose colours the others follow.
    """

    people: Sequence[Integer[np.ndarray, "_ _"]] = ()
    memberships: Sequence[Panel] = ()
    reference: int = 0


def grouping_figure(canvas: Canvas, groupings: Sequence[Grouped], drawing: str, beside: Beside = Beside()) -> Figure:
    """Draw groupings side by side.

    Args:
        canvas: The picture, the token to frame if any, and the caption.
        groupings: What to draw.
        drawing: Name in `analysis.grouping.choices.DRAWINGS`.
        beside: What else to draw.

    Raises:
        ValueError: If there is no such drawing.
    """
    check_drawing(drawing)
    figure, all_axes = panel_figure(len(groupings) + len(beside.memberships), canvas, bars=bool(beside.memberships))
    draw_groupings(all_axes, canvas, groupings, drawing, beside.reference)
    for axes in all_axes[: len(groupings)]:
        for labels in beside.people:
            outline_people(axes, labels)
    for axes, panel in zip(all_axes[len(groupings) :], beside.memberships, strict=True):
        heat_panel(axes, canvas, panel)
    for axes in all_axes:
        frame_token(axes, canvas)
    return figure


def draw_groupings(
    all_axes: Sequence[Axes], canvas: Canvas, groupings: Sequence[Grouped], drawing: str, reference: int = 0
) -> None:
    """Draw each grouping on axes of its own; colours match between them."""
    colours = matched_colours([labels for _, labels in groupings], reference) if drawing == "labels" else []
    for number, (title, labels) in enumerate(groupings):
        _grouping(all_axes[number], canvas, title, labels, drawing, colours[number] if colours else None)


def _grouping(
    axes: Axes, canvas: Canvas, title: str, labels: np.ndarray, drawing: str, colours: Colours | None
) -> None:
    height, width = canvas.size
    picture_panel(axes, mean_colours(canvas.shown, labels) if drawing == "means" else canvas.shown, title)
    if colours is not None:
        axes.imshow(painted(labels, colours), extent=(0, width, height, 0), interpolation="nearest")
    if drawing == "boundaries":
        outline_groups(axes, labels, height, width)
