"""Scores of groupings over the number of segments, and pictures with human and computed segments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Integer, UInt8
from matplotlib.figure import Figure

from analysis.figures.paper.panels import PANEL_INCHES, caption_below, outline_groups, picture_panel


@dataclass(frozen=True)
class Line:
    """A curve of one grouping in all charts.

    Attributes:
        title: Entry in the legend.
        colour: As #RRGGBB.
        dash: Matplotlib's name of the line.
        counts: Numbers of segments, ascending.
        values: Of each metric, by its name.
    """

    title: str
    colour: str
    dash: str
    counts: Sequence[float]
    values: Mapping[str, Sequence[float]]


@dataclass(frozen=True, eq=False)
class Example:
    """A picture and groupings of it.

    Attributes:
        title: Above the first panel.
        shown: The picture.
        groupings: Title and labels of each panel.
    """

    title: str
    shown: UInt8[np.ndarray, "height width 3"]
    groupings: Sequence[tuple[str, Integer[np.ndarray, "_ _"]]]


def curves_figure(lines: Sequence[Line], metrics: Mapping[str, str], caption: str) -> Figure:
    """Draw metrics against the number of segments.

    Args:
        lines: One for each grouping.
        metrics: Label of the axis of each metric, by its name.
        caption: Below the figure.
    """
    wide = 3
    rows = -(-len(metrics) // wide)
    figure = Figure(figsize=(7.0, 2.2 * rows + 1.2), layout="constrained")
    caption_below(figure, caption)
    places = figure.subplots(rows, wide, squeeze=False).flatten()
    for axes, (name, title) in zip(places, metrics.items(), strict=False):
        for line in lines:
            axes.plot(
                line.counts, line.values[name], line.dash, color=line.colour, marker="o", markersize=3, linewidth=1
            )
        axes.set_xlabel("segments", fontsize=7)
        axes.set_ylabel(title, fontsize=7)
        axes.tick_params(labelsize=6)
    for axes in places[len(metrics) :]:
        axes.set_axis_off()
    handles = [places[0].plot([], [], line.dash, color=line.colour, marker="o", markersize=3)[0] for line in lines]
    figure.legend(
        handles, [line.title for line in lines], loc="outside upper center", ncols=4, fontsize=6, frameon=False
    )
    return figure


def examples_figure(left: Sequence[Example], right: Sequence[Example], caption: str) -> Figure:
    """Draw pictures with the boundaries of groupings, one example a row, two columns of examples side by side.

    Args:
        left: Such as the best, from the top.
        right: Such as the worst; as many.
        caption: Below the figure.
    """
    wide = len(left[0].groupings)
    rows = max(len(left), len(right))
    figure = Figure(figsize=(2 * wide * PANEL_INCHES * 0.75, rows * PANEL_INCHES * 0.68 + 0.4), layout="constrained")
    caption_below(figure, caption)
    places = figure.subplots(rows, 2 * wide, squeeze=False)
    for axes in places.flatten():
        axes.set_axis_off()
    for side, examples in enumerate((left, right)):
        for row, example in enumerate(examples):
            for column, (title, labels) in enumerate(example.groupings):
                axes = places[row, side * wide + column]
                picture_panel(axes, example.shown, f"{example.title}: {title}" if column == 0 else title)
                axes.title.set_fontsize(5)
                outline_groups(axes, labels, *example.shown.shape[:2])
    return figure
