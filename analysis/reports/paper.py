"""The analysis figures of the paper, from the trained twins: each a finding with its numbers and its caption."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from analysis.compare.maps import CONVOLUTION, SpotMap, spot_map
from analysis.compare.scale import in_decades
from analysis.compare.side import Side
from analysis.compare.spot import Spot
from analysis.cost import COST_SIZES, cost_table
from analysis.figures.canvas import Anchor, Canvas
from analysis.figures.compare_values import DepthLine, axis_title, depth_lines
from analysis.figures.paper.column import cost_column, curves_column, groups_column, maps_column
from analysis.figures.paper.compare import SidePanel
from analysis.figures.style import BESIDE_ATTENTION, KIND_COLOURS
from analysis.reports.charts import operation_curves
from analysis.reports.report import Report
from stvit import BlockRecord, STViTConfig
from stvit.error_text import counted
from stvit.foreign_text import plain

TWINS = {
    "twin-global": "Global attention",
    "twin-window": "Local attention (windows)",
    "twin-conv": "Convolution (weights)",
    "twin-super": "Super token attention",
}
"""The twins in the order of the paper's Figure 1, and what mixes their first two stages."""

LOOKS = {
    "twin-super": (KIND_COLOURS["super"], "solid"),
    "twin-global": (KIND_COLOURS["global"], "dash"),
    "twin-window": (KIND_COLOURS["local"], "dashdot"),
    "twin-conv": (BESIDE_ATTENTION["association"][1], "dot"),
}

SHALLOW = 0.15
"""Relative depth of the second of ten blocks: the first layer whose windows are shifted."""

METRICS = ("normalised_entropy", "distance", "token_cosine")


@dataclass(frozen=True, eq=False)
class PaperFigure:
    """One figure.

    Attributes:
        name: Of its files, without ending.
        caption: What it shows, with all settings.
        report: Its files.
    """

    name: str
    caption: str
    report: Report


def mixing_figure(sides: Mapping[str, Side], spot: Spot, stem: str) -> PaperFigure:
    """Return what one token receives at a shallow layer by each way of mixing, as in Figure 1 of the paper.

    Args:
        sides: The twins by name.
        spot: Where the token lies.
        stem: Name of the picture in file names.
    """
    maps = [spot_map(sides[name], SHALLOW, spot) for name in TWINS]
    caption = (
        f"What the framed token of {_seen(maps[0])} receives in {maps[0].record.id.caption} of four networks that were "
        f"trained alike and differ in stages 1 and 2 only; mean over heads, in multiples of uniform attention. "
        f"Convolution: {CONVOLUTION}."
    )
    panels = [_panel(found, title) for found, title in zip(maps, TWINS.values(), strict=True)]
    return _maps(f"mixing-{stem}", caption, panels, list(TWINS), maps)


def stages_figure(side: Side, spot: Spot, stem: str) -> PaperFigure:
    """Return what one token attends to in the first block of each stage of a model."""
    first = [block for block in side.capture if block.block == 0]
    depths = side.depths()
    maps = [spot_map(side, depths[block], spot) for block in first]
    caption = (
        f"What the framed token of {_seen(maps[0])} attends to in the first block of each stage of {side.title}; mean "
        "over heads, in multiples of uniform attention."
    )
    names = [f"stage_{block.stage + 1}" for block in first]
    panels = [
        _panel(
            found, f"Stage {found.record.id.stage + 1}: {found.record.grid.height} × {found.record.grid.width} tokens"
        )
        for found in maps
    ]
    return _maps(f"stages-{stem}", caption, panels, names, maps)


def super_tokens_figure(side: Side, stem: str) -> PaperFigure:
    """Return the cells that super tokens start from, and the groups that are learned, in stages 1 and 2."""
    groups = {}
    records = [record for record in side.capture.values() if record.id.block == 0 and not record.grid.is_identity]
    for record in records:
        assert isinstance(record, BlockRecord)
        grid, stage = record.grid, record.id.stage + 1
        groups[f"Stage {stage}: initial grid"] = grid.cell_index.reshape(grid.height, grid.width).numpy(force=True)
        groups[f"Stage {stage}: learned"] = record.labels()[0].numpy(force=True)
    caption = (
        f"Super tokens of {side.title} on {plain(side.picture.source.name)}: the cells they start from, and the tokens "
        "that belong most to each after the sampling."
    )
    canvas = Canvas(side.picture.shown)
    table = [
        (title, row, column, int(group))
        for title, labels in groups.items()
        for (row, column), group in np.ndenumerate(labels)
    ]
    frame = pd.DataFrame(table, columns=["map", "row", "column", "super_token"])
    arrays = {title.lower().replace(": ", "_").replace(" ", "_"): labels for title, labels in groups.items()}
    report = Report(partial(groups_column, canvas, list(groups.items())), lambda: frame, lambda: arrays)
    return PaperFigure(f"super-tokens-{stem}", caption, report)


def depth_figure(table: pd.DataFrame, pictures: int) -> PaperFigure:
    """Return how redundant attention and tokens are against depth, for the four twins, means over pictures.

    Args:
        table: Of `analysis.compare.measured`, of all twins and pictures, with the names of `TWINS` as models.
        pictures: How many.
    """
    charts = [(axis_title(metric), twin_lines(table, metric)) for metric in METRICS]
    caption = (
        f"Attention and tokens of the four twins against relative depth, means over {counted(pictures, 'picture')}, "
        "tokens and heads. A block of convolutions has tokens but no attention."
    )

    def arrays() -> dict[str, np.ndarray]:
        return {
            f"{metric}_{line.title}": np.array([line.depths, line.means])
            for metric, (_, lines) in zip(METRICS, charts, strict=True)
            for line in lines
        }

    return PaperFigure("redundancy-by-depth", caption, Report(partial(curves_column, charts), lambda: table, arrays))


def twin_lines(table: pd.DataFrame, metric: str) -> list[DepthLine]:
    """Return the line of each twin that has a metric, in its own look."""
    lines = [line for name in LOOKS for line in depth_lines(table, metric, [name])]
    return [replace(line, colour=LOOKS[line.title][0], dash=LOOKS[line.title][1]) for line in lines]


def cost_figure(config: STViTConfig, title: str) -> PaperFigure:
    """Return what one attention block of stage 1 costs, through super tokens and among all tokens, by resolution."""
    table = cost_table(config, COST_SIZES, (0,))
    caption = (
        f"Multiply-accumulates of one attention block of stage 1 of {title}, by formula and as PyTorch counts them."
    )
    curves = operation_curves(table)

    def arrays() -> dict[str, np.ndarray]:
        return {f"{kind}_{source}": np.array([sizes, values]) for kind, source, sizes, values in curves}

    return PaperFigure("cost", caption, Report(partial(cost_column, curves), lambda: table, arrays))


def _panel(found: SpotMap, title: str) -> SidePanel:
    canvas = Canvas(found.side.picture.shown, found.record.token_pixels, Anchor(found.row, found.column))
    return SidePanel(title, canvas, in_decades(found.times))


def _seen(found: SpotMap) -> str:
    height, width = found.side.picture.shown.shape[:2]
    return f"{plain(found.side.picture.source.name)} ({width} × {height} px)"


def _maps(
    name: str, caption: str, panels: Sequence[SidePanel], names: Sequence[str], maps: Sequence[SpotMap]
) -> PaperFigure:
    def table() -> pd.DataFrame:
        parts = []
        for label, found in zip(names, maps, strict=True):
            rows, columns = np.indices(found.times.shape)
            values = {"row": rows.ravel(), "column": columns.ravel(), "times_uniform": found.times.ravel()}
            parts.append(pd.DataFrame({"map": label, **values}))
        return pd.concat(parts, ignore_index=True)

    def arrays() -> dict[str, np.ndarray]:
        return {label: found.times for label, found in zip(names, maps, strict=True)}

    return PaperFigure(name, caption, Report(partial(maps_column, panels), table, arrays))
