"""What figures for papers share (Matplotlib): captions that wrap, heat over a picture, outlines of groups, frames."""

import textwrap
from collections.abc import Iterator

import numpy as np
from jaxtyping import Float, Integer, UInt8
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import ScalarFormatter

from analysis.figures.style import ANCHOR_COLOUR, greyscale

CAPTION_SIZE = 6
"""Points."""

PANEL_INCHES = 1.9
"""Width of one picture panel."""

Picture = UInt8[np.ndarray, "height width 3"]
Segment = tuple[tuple[float, float], tuple[float, float]]


def caption_below(figure: Figure, caption: str) -> None:
    """Write the caption below a figure, in as many lines as its width asks for."""
    if caption:
        characters = int(figure.get_figwidth() * 72 / (0.58 * CAPTION_SIZE))
        figure.supxlabel(textwrap.fill(caption, characters), fontsize=CAPTION_SIZE)


def panel_figure(count: int, shown: Picture, caption: str, *, bars: bool = True) -> tuple[Figure, list[Axes]]:
    """Return a figure with room for some picture panels, row by row, and their axes without frames.

    Args:
        count: Of panels.
        shown: The picture, for its proportions.
        caption: Below the figure.
        bars: Whether panels have colour bars, which need room.
    """
    wide = 2 if count in (2, 4) else min(count, 3)
    rows = -(-count // wide)
    tall = PANEL_INCHES * shown.shape[0] / shown.shape[1] + (0.55 if bars else 0.2)
    figure = Figure(figsize=(wide * PANEL_INCHES + 0.2, rows * tall + 0.35), layout="constrained")
    caption_below(figure, caption)
    places = list(figure.subplots(rows, wide, squeeze=False).flatten())
    for axes in places:
        axes.set_axis_off()
    return figure, places[:count]


def picture_panel(axes: Axes, shown: Picture, title: str) -> None:
    """Draw a picture with its title."""
    axes.set_axis_off()
    axes.imshow(shown)
    axes.set_title(title, fontsize=7)
    axes.set(xlim=(0, shown.shape[1]), ylim=(shown.shape[0], 0))


def heat_panel(
    axes: Axes,
    shown: Picture,
    values: Float[np.ndarray, "rows columns"],
    token_pixels: int,
    title: str,
    quantity: str,
    minimum: float = 0.0,
) -> None:
    """Draw one value per token over the grey picture, with a colour bar in absolute units below."""
    picture_panel(axes, greyscale(shown), title)
    extent = (0, values.shape[1] * token_pixels, values.shape[0] * token_pixels, 0)
    heat = axes.imshow(values, cmap="inferno", vmin=minimum, alpha=0.75, extent=extent, interpolation="nearest")
    axes.set(xlim=(0, shown.shape[1]), ylim=(shown.shape[0], 0))
    colour_bar(axes, heat, quantity)


def colour_bar(axes: Axes, mappable: object, quantity: str) -> None:
    """Lay a colour bar below a panel, with its unit."""
    numbers = ScalarFormatter()
    numbers.set_powerlimits((-2, 3))
    figure = axes.get_figure()
    assert isinstance(figure, Figure)
    bar = figure.colorbar(mappable, ax=axes, location="bottom", shrink=0.85, pad=0.02, format=numbers)  # type: ignore[arg-type]  # whatever imshow returned
    bar.set_label(quantity, fontsize=6)
    bar.ax.tick_params(labelsize=5)
    bar.ax.xaxis.get_offset_text().set_fontsize(5)


def outline_groups(axes: Axes, labels: Integer[np.ndarray, "rows columns"], height: int, width: int) -> None:
    """Draw the borders between groups as lines, over a picture of some height and width in pixels."""
    down, across = height / labels.shape[0], width / labels.shape[1]
    lines = [[(x * across, y * down) for x, y in line] for line in border_lines(labels)]
    axes.add_collection(LineCollection(lines, colors="black", linewidths=1.2, alpha=0.5, capstyle="projecting"))
    axes.add_collection(LineCollection(lines, colors="white", linewidths=0.5, capstyle="projecting"))


def border_lines(labels: Integer[np.ndarray, "rows columns"]) -> list[Segment]:
    """Return the borders between groups as straight lines ((x, y), (x, y)) in cells, long runs joined."""
    across = labels[:-1] != labels[1:]
    down = labels[:, :-1] != labels[:, 1:]
    lines: list[Segment] = [((a, row + 1), (b, row + 1)) for row, part in enumerate(across) for a, b in _runs(part)]
    return lines + [((column + 1, a), (column + 1, b)) for column, part in enumerate(down.T) for a, b in _runs(part)]


def frame_token(axes: Axes, row: int, column: int, token_pixels: int) -> None:
    """Frame a token twice, dark in light, so that it shows on any ground."""
    corner = (column * token_pixels, row * token_pixels)
    for colour, width in (("black", 2.0), (ANCHOR_COLOUR, 0.8)):
        axes.add_patch(
            Rectangle(corner, token_pixels, token_pixels, fill=False, edgecolor=colour, linewidth=width, zorder=3)
        )


def _runs(marked: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield start and stop of each run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], marked, [False]]).astype(np.int8)))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
