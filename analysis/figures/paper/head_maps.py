"""Small maps of every head of every block as a figure for papers (Matplotlib)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from analysis.compare.scale import CEILING, FLOOR, TICKS
from analysis.figures.paper.panels import caption_below
from analysis.figures.style import ANCHOR_COLOUR, HEAT_NAME
from analysis.grouping.label_maps import upsample_nearest

TILE = 56
"""Samples of a map across; it divides the grids of all stages at 224 px."""

TILE_INCHES = 0.42
GAP = 0.12
"""Between tiles, of a tile."""

WRITING = 0.34
"""Below each tile that carries its own name, of a tile."""

WIDEST = 16
"""Tiles beside each other where they are sorted."""


@dataclass(frozen=True, eq=False)
class Tile:
    """One map.

    Attributes:
        block: Whose it is, as people count, such as "1.2".
        head: Which head.
        levels: Of colour, one for each token, 0 to 255.
        anchor: Row and column of the anchor's token.
        value: Of the metric that sorts the tiles, as it is written; empty if none does.
    """

    block: str
    head: int
    levels: UInt8[np.ndarray, "rows columns"]
    anchor: tuple[int, int]
    value: str = ""


def tiles_figure(tiles: Sequence[Tile], caption: str, *, by_depth: bool) -> Figure:
    """Draw tiles with a colour bar: a row for each block and a column for each head, or in the order given.

    Args:
        tiles: In their order.
        caption: Below the figure.
        by_depth: Whether rows are blocks.
    """
    blocks = list(dict.fromkeys(tile.block for tile in tiles))
    wide = 1 + max(tile.head for tile in tiles) if by_depth else min(WIDEST, len(tiles))
    places = (
        [(blocks.index(tile.block), tile.head) for tile in tiles]
        if by_depth
        else [divmod(number, wide) for number in range(len(tiles))]
    )
    ratio = tiles[0].levels.shape[0] / tiles[0].levels.shape[1]
    down, across = ratio + (GAP if by_depth else WRITING + GAP), 1 + GAP
    rows = 1 + max(row for row, _ in places)
    width = max(wide * across * TILE_INCHES + 0.5, 3.2)
    figure = Figure(figsize=(width, rows * down * TILE_INCHES + 0.9), layout="constrained")
    axes = figure.add_subplot()
    axes.set_axis_off()
    axes.set(xlim=(-0.6 if by_depth else 0, wide * across), ylim=(rows * down, -0.5 if by_depth else 0), aspect=1)
    for tile, (row, column) in zip(tiles, places, strict=True):
        _draw(axes, tile, column * across, row * down, ratio, named=not by_depth)
    if by_depth:
        for row, block in enumerate(blocks):
            axes.text(-0.1, row * down + ratio / 2, block, fontsize=6, ha="right", va="center")
        for head in range(wide):
            axes.text(
                head * across + 0.5, -0.08, f"head {head + 1}" if head == 0 else str(head + 1), fontsize=6, ha="center"
            )
    _bar(figure, axes)
    caption_below(figure, caption)
    return figure


def _draw(axes: Axes, tile: Tile, left: float, top: float, ratio: float, *, named: bool) -> None:
    rows, columns = tile.levels.shape
    sharp = upsample_nearest(tile.levels, max(round(TILE * ratio), rows), max(TILE, columns))
    axes.imshow(
        colormaps[HEAT_NAME](sharp), extent=(left, left + 1, top + ratio, top), interpolation="nearest", aspect="equal"
    )
    corner = (left + tile.anchor[1] / columns, top + ratio * tile.anchor[0] / rows)
    axes.add_patch(
        Rectangle(corner, 1 / columns, ratio / rows, fill=False, edgecolor=ANCHOR_COLOUR, linewidth=0.4, zorder=3)
    )
    if named:
        words = f"{tile.block} h{tile.head + 1}\n{tile.value or 'none'}"
        axes.text(left + 0.5, top + ratio + 0.02, words, fontsize=4, ha="center", va="top", linespacing=0.95)


def _bar(figure: Figure, axes: Axes) -> None:
    mappable = ScalarMappable(LogNorm(FLOOR, CEILING), HEAT_NAME)
    bar = figure.colorbar(mappable, ax=axes, orientation="horizontal", fraction=0.03, pad=0.02, aspect=40)
    bar.set_ticks(list(TICKS), labels=list(TICKS.values()))
    bar.ax.tick_params(labelsize=5, length=2, pad=1.5)
    bar.ax.minorticks_off()
    bar.set_label("times uniform attention", fontsize=6, labelpad=1)
