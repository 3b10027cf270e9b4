"""Groupings, changes and rollouts as figures for papers (Matplotlib): panels over one picture."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Integer, UInt8
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.paint import colour_labels, mean_colours
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

Heat = tuple[str, Float[np.ndarray, "_ _"], int]
"""Title, values and the side of one of them in pixels of the picture."""


def grouping_figure(
    shown: UInt8[np.ndarray, "height width 3"], groupings: Sequence[Grouped], drawing: str, caption: str
) -> Figure:
    """Draw groupings side by side.

    Args:
        shown: The picture as the model saw it.
        groupings: What to draw.
        drawing: "boundaries" (lines over the picture), "means" (mean colours) or "labels" (distinct colours).
        caption: Below the figure.
    """
    figure, places = panel_figure(len(groupings), shown, caption, bars=False)
    for axes, (title, labels) in zip(places, groupings, strict=True):
        _grouping(axes, shown, title, labels, drawing)
    return figure


def change_figure(
    shown: UInt8[np.ndarray, "height width 3"],
    groupings: Sequence[Grouped],
    drawing: str,
    relative: Mapping[tuple[int, int], float],
    colour: str,
    caption: str,
) -> Figure:
    """Draw the learned and the changed grouping above the change of each block's output.

    Args:
        shown: The picture as the model saw it.
        groupings: Before and after; none for a block without super tokens.
        drawing: As in `grouping_figure`.
        relative: By (stage, block), counted from 0, |changed - learned| / |learned| of the output.
        colour: Of the bars.
        caption: Below the figure.
    """
    tall = PANEL_INCHES * shown.shape[0] / shown.shape[1] if groupings else 0.0
    figure = Figure(figsize=(2 * PANEL_INCHES + 0.2, tall + 2.2), layout="constrained")
    caption_below(figure, caption)
    rows = figure.add_gridspec(2 if groupings else 1, 2, height_ratios=[tall, 1.6] if groupings else [1])
    for place, (title, labels) in enumerate(groupings):
        _grouping(figure.add_subplot(rows[0, place]), shown, title, labels, drawing)
    bars = figure.add_subplot(rows[-1, :])
    captions = [f"{stage + 1}.{block + 1}" for stage, block in relative]
    bars.bar(captions, list(relative.values()), color=colour)
    bars.spines[["top", "right"]].set_visible(False)
    bars.tick_params(labelsize=6)
    bars.set_xlabel("stage.block", fontsize=7)
    bars.set_ylabel("relative change of the output", fontsize=7)
    return figure


def rollout_figure(
    shown: UInt8[np.ndarray, "height width 3"],
    maps: Sequence[Heat],
    anchor: tuple[int, int] | None,
    anchor_pixels: int,
    caption: str,
) -> Figure:
    """Draw the picture and each map of relevance over it; the token that one started from is framed."""
    figure, places = panel_figure(len(maps) + 1, shown, caption)
    picture_panel(places[0], shown, "Picture")
    for axes, (title, values, pixels) in zip(places[1:], maps, strict=True):
        heat_panel(axes, shown, values, pixels, title, "relevance")
    if anchor is not None:
        for axes in places[:2]:
            frame_token(axes, *anchor, anchor_pixels)
    return figure


def _grouping(axes: Axes, shown: np.ndarray, title: str, labels: np.ndarray, drawing: str) -> None:
    height, width = shown.shape[:2]
    if drawing == "means":
        picture_panel(axes, mean_colours(shown, labels), title)
    elif drawing == "labels":
        picture_panel(axes, shown, title)
        axes.imshow(colour_labels(labels), extent=(0, width, height, 0), interpolation="nearest")
    else:
        picture_panel(axes, shown, title)
        outline_groups(axes, labels, height, width)
