"""Figures for papers (Matplotlib): with units and captions, returned, never shown, no global state."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float, UInt8
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.numbers import colour_range
from analysis.figures.paper.panels import caption_below
from analysis.figures.style import HEAT_NAME, KIND_COLOURS, KIND_NAMES

Curve = tuple[str, str, Sequence[float], Sequence[float]]
"""Kind of attention, what the values are ("formula", "counted", "measured"), sizes in px, values."""

COLUMN_WIDTH = 3.4
"""Inches: one column of a two-column page."""


def depth_figure(table: pd.DataFrame, metric: str, unit: str, caption: str = "") -> Figure:
    """Draw a metric of the ledger against depth, a line for each kind of attention, heads as dots.

    Args:
        table: Of `analysis.ledger`; several images are averaged.
        metric: Name in the column metric.
        unit: Its unit, for the axis.
        caption: One line below the figure.

    Raises:
        ValueError: If the table does not hold the metric.
    """
    figure, axes = _one_axes(2 * COLUMN_WIDTH, 2.4, caption)
    draw_depth(axes, table, metric, unit)
    return figure


def draw_depth(axes: Axes, table: pd.DataFrame, metric: str, unit: str, uniform: Sequence[float] = ()) -> None:
    """Draw what `depth_figure` shows on axes of one's own, and uniform attention's value in each block, if given.

    Raises:
        ValueError: If the table does not hold the metric.
    """
    part = _rows_of(table, metric)
    captions = _captions(part)
    if uniform:
        axes.step(range(len(captions)), uniform, ":", color="grey", where="mid", label="Uniform attention")
    for kind, rows in part.groupby("attention", sort=True):
        places = [captions.index(name) for name in _block_names(rows)]
        colour = KIND_COLOURS.get(str(kind), "black")
        axes.plot(places, rows["value"], ".", color=colour, alpha=0.3, markersize=4)
        means = rows.groupby(["stage", "block"])["value"].mean().reset_index()
        order = [captions.index(name) for name in _block_names(means)]
        style, size = ("-o", 3.5) if kind == "super" else ("-D", 5)
        name = KIND_NAMES.get(str(kind), str(kind))
        axes.plot(order, means["value"], style, color=colour, markersize=size, label=name)
    _show_zero(axes, part["value"])
    axes.set_xticks(range(len(captions)), captions)
    axes.set_xlabel("stage.block")
    axes.set_ylabel(f"{metric.replace('_', ' ')} ({unit})")
    axes.legend(frameon=False)


def head_matrix_figure(table: pd.DataFrame, metric: str, unit: str, attention: str, caption: str = "") -> Figure:
    """Draw a metric for every head (down) of every block (across); blocks with fewer heads stay blank.

    Raises:
        ValueError: If the table does not hold the metric for heads of this attention.
    """
    heads = int(_heads_of(table, metric, attention)["head"].max()) + 1
    figure, axes = _one_axes(2 * COLUMN_WIDTH, 0.9 + 0.28 * heads, caption)
    draw_head_matrix(axes, table, metric, unit, attention)
    return figure


def draw_head_matrix(axes: Axes, table: pd.DataFrame, metric: str, unit: str, attention: str) -> None:
    """Draw what `head_matrix_figure` shows on axes of one's own.

    Raises:
        ValueError: If the table does not hold the metric for heads of this attention.
    """
    captions, grid = head_matrix_values(table, metric, attention)
    low, high = colour_range(float(np.nanmin(grid)), float(np.nanmax(grid)))
    image = axes.imshow(grid, cmap=HEAT_NAME, vmin=low, vmax=high, aspect="auto")
    axes.set_xticks(range(len(captions)), captions)
    axes.set_yticks(range(len(grid)), [str(head + 1) for head in range(len(grid))])
    axes.set_xlabel("stage.block")
    axes.set_ylabel("head")
    figure = axes.get_figure()
    assert isinstance(figure, Figure)
    figure.colorbar(image, ax=axes, label=f"{metric.replace('_', ' ')} ({unit})")


def head_matrix_values(
    table: pd.DataFrame, metric: str, attention: str
) -> tuple[list[str], Float[np.ndarray, "heads blocks"]]:
    """Return the blocks as stage.block, counted from 1, and a metric for every head of each; nan where there is none.

    Raises:
        ValueError: If the table does not hold the metric for heads of this attention.
    """
    part = _heads_of(table, metric, attention)
    captions = _captions(part)
    grid = np.full((int(part["head"].max()) + 1, len(captions)), np.nan)
    means = part.groupby(["stage", "block", "head"])["value"].mean().reset_index()
    for name, head, value in zip(_block_names(means), means["head"], means["value"], strict=True):
        grid[int(head), captions.index(name)] = value
    return captions, grid


def scaling_figure(curves: Sequence[Curve], title: str, unit: str, caption: str = "") -> Figure:
    """Draw curves over the side of the picture, both axes logarithmic.

    Args:
        curves: What to draw; kinds have the colours of `analysis.figures.style`.
        title: Of the values.
        unit: Of the values.
        caption: One line below the figure.
    """
    figure, axes = _one_axes(COLUMN_WIDTH, 2.6, caption)
    draw_scaling(axes, curves, title, unit)
    return figure


def draw_scaling(axes: Axes, curves: Sequence[Curve], title: str, unit: str) -> None:
    """Draw what `scaling_figure` shows on axes of one's own."""
    for kind, source, sizes, values in curves:
        style = ":" if source == "formula" else "-o"
        label = f"{KIND_NAMES.get(kind, kind)}, {source}"
        axes.loglog(sizes, values, style, color=KIND_COLOURS.get(kind, "black"), markersize=3, label=label)
    sides = sorted({size for curve in curves for size in curve[2]})
    axes.set_xticks(sides, [str(side) for side in sides], fontsize=7)
    axes.minorticks_off()
    axes.set_xlabel("side of the picture (px)")
    axes.set_ylabel(f"{title} ({unit})")
    axes.legend(frameon=False, fontsize=6)


def spectrum_figure(spectra: Mapping[str, Float[np.ndarray, " values"]], caption: str = "") -> Figure:
    """Draw singular values in falling order, each spectrum over its largest value, on a logarithmic axis."""
    figure, axes = _one_axes(COLUMN_WIDTH, 2.6, caption)
    for name, values in spectra.items():
        axes.semilogy(np.arange(1, len(values) + 1), values / values[0], label=name)
    axes.set_xlabel("index of the singular value")
    axes.set_ylabel("singular value / largest")
    axes.set_ylim(bottom=1e-8)
    axes.legend(frameon=False)
    return figure


def distribution_figure(
    values: Mapping[str, Float[np.ndarray, " tokens"]], title: str, unit: str, caption: str = ""
) -> Figure:
    """Draw how a metric is distributed over tokens, one outline for each kind of attention."""
    figure, axes = _one_axes(COLUMN_WIDTH, 2.4, caption)
    edges = np.histogram_bin_edges(np.concatenate(list(values.values())), bins=40).tolist()
    for kind, found in values.items():
        axes.hist(
            found, edges, histtype="step", color=KIND_COLOURS.get(kind, "black"), label=KIND_NAMES.get(kind, kind)
        )
    axes.set_xlabel(f"{title} ({unit})")
    axes.set_ylabel("tokens")
    axes.legend(frameon=False)
    return figure


def token_maps_figure(
    shown: UInt8[np.ndarray, "height width 3"],
    maps: Mapping[str, Float[np.ndarray, "rows columns"]],
    unit: str,
    caption: str = "",
) -> Figure:
    """Draw maps of a metric over tokens beside the picture, all on one scale in absolute units."""
    figure = _figure((len(maps) + 1) * 1.9 + 0.6, 2.2, caption)
    panels = figure.subplots(1, len(maps) + 1)
    panels[0].imshow(shown)
    panels[0].set_title("picture", fontsize=8)
    low, high = colour_range(
        min(float(m.min()) for m in maps.values()), max(float(m.max()) for m in maps.values())
    )  # fmt: skip
    for axes, (title, values) in zip(panels[1:], maps.items(), strict=True):
        image = axes.imshow(values, cmap=HEAT_NAME, vmin=low, vmax=high)
        axes.set_title(title, fontsize=8)
    for axes in panels:
        axes.set_axis_off()
    figure.colorbar(image, ax=list(panels), label=unit, shrink=0.8)
    return figure


def _figure(width: float, height: float, caption: str) -> Figure:
    figure = Figure(figsize=(width, height + (0.3 if caption else 0)), layout="constrained")
    caption_below(figure, caption)
    return figure


def _one_axes(width: float, height: float, caption: str) -> tuple[Figure, Axes]:
    figure = _figure(width, height, caption)
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _show_zero(axes: Axes, values: pd.Series) -> None:
    """Let the axis of some values end at 0 where they are all on one side of it, and leave room at the other end."""
    low, high = axes.get_ylim()
    if np.nanmin(values) >= 0:
        axes.set_ylim(0, max(high, 1.05 * np.nanmax(values)))
    elif np.nanmax(values) <= 0:
        axes.set_ylim(min(low, 1.05 * np.nanmin(values)), 0)


def _rows_of(table: pd.DataFrame, metric: str) -> pd.DataFrame:
    part = table[table["metric"] == metric]
    if part.empty:
        names = ", ".join(sorted(set(table["metric"])))
        raise ValueError(f"The table holds no {metric!r} for this; it holds {names or 'nothing'}.")
    return part


def _heads_of(table: pd.DataFrame, metric: str, attention: str) -> pd.DataFrame:
    return _rows_of(table[(table["attention"] == attention) & table["head"].notna()], metric)


def _block_names(rows: pd.DataFrame) -> Sequence[str]:
    return [f"{stage + 1}.{block + 1}" for stage, block in zip(rows["stage"], rows["block"], strict=True)]


def _captions(rows: pd.DataFrame) -> list[str]:
    """Return the blocks as stage.block, counted from 1, in order of depth."""
    blocks = rows[["stage", "block"]].drop_duplicates().sort_values(["stage", "block"])
    return list(_block_names(blocks))
