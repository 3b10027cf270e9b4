"""Figures one column wide for papers (Matplotlib): maps with one bar, groups, curves against depth, costs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.compare.scale import DECADES, TICKS
from analysis.figures.canvas import Canvas
from analysis.figures.compare_values import DepthLine
from analysis.figures.paper.charts import DASHES
from analysis.figures.paper.compare import SidePanel
from analysis.figures.paper.groupings import Grouped
from analysis.figures.paper.panels import frame_token, outline_groups, picture_panel
from analysis.figures.style import HEAT_NAME, KIND_COLOURS, KIND_NAMES, Curve, greyscale

INCHES = 3.3
"""Width of one column."""

TITLE = 0.17
"""Inches above a panel for its title."""

GAP = 0.06
"""Inches between panels and around them."""

BAR = 0.45
"""Inches below all panels for their colour bar."""

STYLE = Path(__file__).with_name("paper.mplstyle")


@contextmanager
def paper_style() -> Iterator[None]:
    """Draw and write figures in the one style; what was set before is restored."""
    with rc_context(fname=STYLE):
        yield


def maps_column(panels: Sequence[SidePanel]) -> Figure:
    """Draw maps in two columns over the grey picture, with one logarithmic bar for all of them."""
    figure, all_axes = _panels(len(panels), panels[0].canvas, below=BAR)
    half = DECADES / 2
    for axes, panel in zip(all_axes, panels, strict=True):
        picture_panel(axes, greyscale(panel.canvas.shown), panel.title)
        side, (rows, columns) = panel.canvas.token_pixels, panel.decades.shape
        extent = (0, columns * side, rows * side, 0)
        heat = axes.imshow(
            panel.decades, cmap=HEAT_NAME, vmin=-half, vmax=half, alpha=0.8, extent=extent, interpolation="nearest"
        )
        axes.set(xlim=(0, panel.canvas.size[1]), ylim=(panel.canvas.size[0], 0))
        frame_token(axes, panel.canvas)
    height = figure.get_figheight()
    place = figure.add_axes((0.15, 0.27 / height, 0.7, 0.07 / height))
    bar = figure.colorbar(heat, cax=place, orientation="horizontal")
    bar.set_ticks([float(np.log10(value)) for value in TICKS], labels=list(TICKS.values()))
    bar.set_label("times uniform", labelpad=1)
    return figure


def groups_column(canvas: Canvas, groups: Sequence[Grouped]) -> Figure:
    """Draw the borders of groups of tokens over the picture, in two columns."""
    figure, all_axes = _panels(len(groups), canvas)
    for axes, (title, labels) in zip(all_axes, groups, strict=True):
        picture_panel(axes, canvas.shown, title)
        outline_groups(
            axes, labels, *(side * canvas.size[axis] // labels.shape[axis] for axis, side in enumerate(labels.shape))
        )
    return figure


def curves_column(charts: Sequence[tuple[str, Sequence[DepthLine]]]) -> Figure:
    """Draw metrics against relative depth below each other, with one legend above.

    Args:
        charts: Title of the axis and lines of each metric.
    """
    figure = Figure(figsize=(INCHES, 0.35 + 1.5 * len(charts)), layout="constrained")
    all_axes = list(figure.subplots(len(charts), 1, sharex=True, squeeze=False).flatten())
    for axes, (title, lines) in zip(all_axes, charts, strict=True):
        for line in lines:
            axes.plot(line.depths, line.means, DASHES[line.dash], marker="o", color=line.colour, label=line.title)
        axes.set(xlim=(0, 1), ylabel=title)
        axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
    all_axes[-1].set_xlabel("relative depth")
    named = {text: handle for axes in all_axes for handle, text in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure.legend(list(named.values()), list(named), loc="outside upper center", ncols=4, columnspacing=1)
    return figure


def cost_column(curves: Sequence[Curve]) -> Figure:
    """Draw operations over the side of the picture, both axes logarithmic."""
    figure = Figure(figsize=(INCHES, 2.1), layout="constrained")
    axes = figure.subplots()
    for kind, source, sizes, values in curves:
        style = ":" if source == "formula" else "-"
        label = f"{KIND_NAMES.get(kind, kind)}, {source}"
        axes.loglog(sizes, values, style, marker="o", color=KIND_COLOURS.get(kind, "black"), label=label)
    sides = sorted({size for curve in curves for size in curve[2]})
    axes.set_xticks(sides, [str(side) for side in sides])
    axes.minorticks_off()
    axes.set(xlabel="side of the picture (px)", ylabel="operations (million MAC)")
    axes.legend()
    return figure


def _panels(count: int, canvas: Canvas, below: float = 0.0) -> tuple[Figure, list[Axes]]:
    """Return a figure with picture panels in two columns, counted in inches, and their axes."""
    rows, side = -(-count // 2), (INCHES - 3 * GAP) / 2
    tall = side * canvas.size[0] / canvas.size[1]
    height = rows * (TITLE + tall) + (rows - 1) * GAP + GAP + below
    figure = Figure(figsize=(INCHES, height))
    all_axes = []
    for index in range(count):
        row, column = divmod(index, 2)
        bottom = height - (row + 1) * (TITLE + tall) - row * GAP
        left = GAP + column * (side + GAP)
        all_axes.append(figure.add_axes((left / INCHES, bottom / height, side / INCHES, tall / height)))
    return figure, all_axes
