"""Means of several models side by side: a panel for each metric, a line for each attention."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle

from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from analysis.figures.paper.charts import COLUMN_WIDTH

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Of models, in turns: colour-blind safe (Okabe and Ito)."""

PANELS_IN_A_ROW = 3

WIDE = 20
"""A panel whose largest mean is more than so many times the smallest has a logarithmic axis."""


@dataclass(frozen=True)
class Line:
    """A metric of one attention in several blocks.

    Attributes:
        model: Whose it is: all lines of a model have one colour.
        title: Entry in the legend.
        dashed: Whether it is something that a model does not really do.
        blocks: Captions of the blocks.
        means: Means over pictures.
        halves: Half the 95 % interval of each.
    """

    model: str
    title: str
    dashed: bool
    blocks: Sequence[str]
    means: Sequence[float]
    halves: Sequence[float]


def side_by_side_figure(panels: Mapping[str, Sequence[Line]]) -> Figure:
    """Draw a panel for each metric; one legend for all stands in a field of its own.

    Args:
        panels: Lines by the title of the metric with its unit.
    """
    rows = -(-(len(panels) + 1) // PANELS_IN_A_ROW)
    figure = Figure(figsize=(PANELS_IN_A_ROW * COLUMN_WIDTH * 0.8, 2.2 * rows), layout="constrained")
    fields = figure.subplots(rows, PANELS_IN_A_ROW, squeeze=False).ravel()
    models = dict.fromkeys(line.model for lines in panels.values() for line in lines)
    colours = dict(zip(models, cycle(COLOURS), strict=False))
    known: dict[str, ErrorbarContainer] = {}
    for axes, (heading, lines) in zip(fields, panels.items(), strict=False):
        axes.set_title(heading, fontsize=9)
        for title, drawn in _draw(axes, lines, colours).items():
            known.setdefault(title, drawn)
    for axes in fields[len(panels) :]:
        axes.axis("off")
    fields[len(panels)].legend(list(known.values()), list(known), frameon=False, fontsize=8, loc="center left")
    return figure


def _draw(axes: Axes, lines: Sequence[Line], colours: Mapping[str, str]) -> dict[str, ErrorbarContainer]:
    """Draw a metric, and return what is drawn by its entry in the legend."""
    drawn = {}
    for line in lines:
        drawn[line.title] = axes.errorbar(
            line.blocks,
            line.means,
            line.halves,
            linestyle="--" if line.dashed else "-",
            color=colours[line.model],
            marker="o",
            markersize=3,
            capsize=2,
        )
    means = [mean for line in lines for mean in line.means]
    if min(means) > 0 and max(means) > WIDE * min(means):
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_ylim(bottom=min(0, *means))
    axes.tick_params(labelsize=8)
    return drawn
