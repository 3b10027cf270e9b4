"""What figures for papers share (Matplotlib): captions that wrap, heat over a picture, outlines of groups, frames."""

import textwrap

import numpy as np
from jaxtyping import Integer, UInt8
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colorbar import Colorbar
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import ScalarFormatter
from matplotlib.transforms import ScaledTranslation, blended_transform_factory

from analysis.figures.borders import border_lines, outline_lines
from analysis.figures.canvas import Canvas, Panel
from analysis.figures.numbers import symmetric_range, value_range
from analysis.figures.style import ANCHOR_COLOUR, DIVERGING_NAME, HEAT_NAME, PEOPLE_COLOUR, greyscale
from analysis.figures.words import drawable, families

CAPTION_SIZE = 6
"""Points."""

PANEL_INCHES = 1.9
"""Width of one picture panel."""

MARGIN_INCHES = 0.1
"""Around all panels, and between two of them in a row."""

TITLE_INCHES = 0.22
"""Room above each picture for its title, 7 points tall."""

BAR_INCHES = 0.43
"""Room below each picture for a colour bar, its ticks and its quantity."""

Picture = UInt8[np.ndarray, "height width 3"]


def caption_below(figure: Figure, caption: str) -> None:
    """Write the caption below a figure, in as many lines as its width asks for, letter by letter as it is."""
    if caption:
        text = "\n".join(_caption_lines(caption, figure.get_figwidth()))
        figure.supxlabel(text, fontsize=CAPTION_SIZE, fontfamily=families(), parse_math=False)


def _caption_lines(caption: str, inches: float) -> list[str]:
    """Return the lines of a caption below a figure of some width."""
    return textwrap.wrap(drawable(caption), int(inches * 72 / (0.58 * CAPTION_SIZE)))


def panel_figure(count: int, canvas: Canvas, *, bars: bool = True) -> tuple[Figure, list[Axes]]:
    """Return a figure with room for some picture panels, row by row, and their axes without frames.

    Every panel has the same room for its title and, if any has one, for a colour bar, so that pictures line up. The
    room is counted in inches: a constrained layout measures titles and bars before pictures have their proportions.

    Args:
        count: Of panels.
        canvas: The picture, for its proportions, and the caption.
        bars: Whether panels have colour bars, which need room.
    """
    wide = 2 if count in (2, 4) else min(count, 3)
    rows = -(-count // wide)
    tall = PANEL_INCHES * canvas.size[0] / canvas.size[1]
    below = BAR_INCHES if bars else MARGIN_INCHES / 2
    width = wide * (PANEL_INCHES + MARGIN_INCHES) + MARGIN_INCHES
    foot = len(_caption_lines(canvas.caption, width)) * 1.3 * CAPTION_SIZE / 72 + MARGIN_INCHES
    height = rows * (TITLE_INCHES + tall + below) + foot
    figure = Figure(figsize=(width, height))
    figure.subplots_adjust(
        left=MARGIN_INCHES / width,
        right=1 - MARGIN_INCHES / width,
        wspace=MARGIN_INCHES / PANEL_INCHES,
        top=1 - TITLE_INCHES / height,
        bottom=(below + foot) / height,
        hspace=(TITLE_INCHES + below) / tall,
    )
    caption_below(figure, canvas.caption)
    all_axes = list(figure.subplots(rows, wide, squeeze=False).flatten())
    for axes in all_axes:
        axes.set_axis_off()
    return figure, all_axes[:count]


def picture_panel(axes: Axes, shown: Picture, title: str) -> None:
    """Draw a picture with its title."""
    axes.set_axis_off()
    axes.imshow(shown)
    axes.set_title(drawable(title), fontsize=7, fontfamily=families(), parse_math=False)
    axes.set(xlim=(0, shown.shape[1]), ylim=(shown.shape[0], 0))


def legend_of_names(axes: Axes, size: float = 6) -> None:
    """Draw a legend of names as they are, whatever they hold."""
    for text in axes.legend(frameon=False, fontsize=size).get_texts():
        text.set(text=drawable(text.get_text()), fontfamily=families(), parse_math=False)


def heat_panel(axes: Axes, canvas: Canvas, panel: Panel) -> None:
    """Draw one value per square over the grey picture, with a colour bar in absolute units below."""
    picture_panel(axes, greyscale(canvas.shown), panel.title)
    values, side = np.where(np.isfinite(panel.values), panel.values, np.nan), panel.pixels or canvas.token_pixels
    extent = (0, values.shape[1] * side, values.shape[0] * side, 0)
    low, top = symmetric_range(values) if panel.signed else value_range(values, panel.minimum, panel.maximum)
    colours = DIVERGING_NAME if panel.signed else HEAT_NAME
    heat = axes.imshow(values, cmap=colours, vmin=low, vmax=top, alpha=0.75, extent=extent, interpolation="nearest")
    axes.set(xlim=(0, canvas.size[1]), ylim=(canvas.size[0], 0))
    colour_bar(axes, heat, panel.quantity)


def colour_bar(axes: Axes, mappable: object, quantity: str) -> Colorbar:
    """Lay a colour bar right below a panel's picture, with its unit, and return it; the panel keeps its size."""
    numbers = ScalarFormatter()
    numbers.set_powerlimits((-2, 3))
    figure = axes.get_figure()
    assert isinstance(figure, Figure)
    corner = ScaledTranslation(0, 0, axes.transAxes)  # type: ignore[arg-type]  # affine, but not declared so
    inches = figure.dpi_scale_trans + corner  # up from the picture's lower edge
    bar_axes = axes.inset_axes((0.075, -0.13, 0.85, 0.07), transform=blended_transform_factory(axes.transAxes, inches))
    bar = figure.colorbar(mappable, cax=bar_axes, orientation="horizontal", format=numbers)  # type: ignore[arg-type]  # whatever imshow returned
    bar.set_label(quantity, fontsize=6, labelpad=1)
    bar.ax.tick_params(labelsize=5, length=2, pad=1.5)
    bar.ax.xaxis.get_offset_text().set_fontsize(5)
    return bar


def outline_groups(axes: Axes, labels: Integer[np.ndarray, "rows columns"], height: int, width: int) -> None:
    """Draw the borders between groups as lines, over a picture of some height and width in pixels."""
    down, across = height / labels.shape[0], width / labels.shape[1]
    lines = [[(x * across, y * down) for x, y in line] for line in border_lines(labels)]
    axes.add_collection(LineCollection(lines, colors="black", linewidths=1.2, alpha=0.5, capstyle="projecting"))
    axes.add_collection(LineCollection(lines, colors="white", linewidths=0.5, capstyle="projecting"))


def outline_people(axes: Axes, labels: Integer[np.ndarray, "height width"]) -> None:
    """Draw the borders of regions that a person drew, at the resolution of the picture."""
    lines = border_lines(labels)
    axes.add_collection(LineCollection(lines, colors="black", linewidths=1.4, alpha=0.5, capstyle="projecting"))
    axes.add_collection(LineCollection(lines, colors=PEOPLE_COLOUR, linewidths=0.7, capstyle="projecting"))


def frame_token(axes: Axes, canvas: Canvas) -> None:
    """Frame the canvas's token or region, if it has one, twice, dark in light, so that it shows on any ground."""
    side = canvas.token_pixels
    for colour, width in (("black", 2.0), (ANCHOR_COLOUR, 0.8)):
        if canvas.region is not None:
            lines = [[(x * side, y * side) for x, y in line] for line in outline_lines(canvas.region)]
            axes.add_collection(LineCollection(lines, colors=colour, linewidths=width, capstyle="projecting", zorder=3))
        elif canvas.anchor is not None:
            corner = (canvas.anchor.column * side, canvas.anchor.row * side)
            axes.add_patch(Rectangle(corner, side, side, fill=False, edgecolor=colour, linewidth=width, zorder=3))
