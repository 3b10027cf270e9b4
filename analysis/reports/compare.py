"""Models or pictures side by side as files: maps in one unit, their differences, metrics against depth, predictions."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd

from analysis.compare.maps import CONVOLUTION, SpotMap, difference
from analysis.compare.scale import in_decades
from analysis.compare.side import Side
from analysis.figures.canvas import Anchor, Canvas
from analysis.figures.compare_values import axis_title, depth_lines
from analysis.figures.numbers import percent
from analysis.figures.paper.compare import SidePanel, compare_figure
from analysis.reports.report import Report
from stvit.foreign_text import plain

SHOWN_CLASSES = 3


def compare_report(maps: Sequence[SpotMap], table: pd.DataFrame, metrics: Sequence[str], depth: float) -> Report:
    """Return a comparison as files.

    Args:
        maps: Of each side, at the same spot and relative depth.
        table: Of `analysis.compare.measured`, all sides.
        metrics: To draw against depth.
        depth: Relative depth of the maps.
    """
    titles = [found.side.title for found in maps]
    panels = [map_panel(found) for found in maps]
    panels += [ratio_panel(maps[0], other) for other in maps[1:]]
    charts = [(axis_title(metric), depth_lines(table, metric, titles)) for metric in metrics]
    figure = partial(compare_figure, panels, charts, depth, caption_of(maps))
    return Report(figure, lambda: table, partial(_arrays, maps))


def map_panel(found: SpotMap) -> SidePanel:
    """Return the map of a side."""
    canvas = Canvas(found.side.picture.shown, found.record.token_pixels, Anchor(found.row, found.column))
    title = f"{plain(found.side.title)}: {found.record.id.caption}"
    return SidePanel(title, canvas, in_decades(found.times))


def ratio_panel(first: SpotMap, second: SpotMap) -> SidePanel:
    """Return the map of how the second side differs from the first."""
    found = difference(first, second)
    canvas = Canvas(found.on.picture.shown, found.token_pixels, Anchor(found.row, found.column))
    title = f"{plain(second.side.title)} over {plain(first.side.title)}"
    return SidePanel(title, canvas, found.decades, is_ratio=True)


def caption_of(maps: Sequence[SpotMap]) -> str:
    """Return one line with pictures, tokens, predictions and what is no attention."""
    parts = []
    for found in maps:
        side = found.side
        height, width = side.picture.shown.shape[:2]
        classes = ", ".join(f"{plain(name)} {percent(value)}" for name, value in side.top_classes(SHOWN_CLASSES))
        what = "" if found.is_attention else f", {CONVOLUTION}"
        parts.append(
            f"{plain(side.title)}: {plain(side.picture.source.name)}, {width} × {height} px, token "
            f"({found.row}, {found.column}) of {found.record.grid.height} × {found.record.grid.width}{what}"
            + (f"; predicts {classes}" if classes else "")
        )
    return " · ".join([*parts, "mean over heads, outgoing"])


def predictions_table(sides: Sequence[Side]) -> pd.DataFrame:
    """Return a line for each of the most probable classes of each side: model, rank from 1, class, probability."""
    rows = [
        (side.title, rank, name, value)
        for side in sides
        for rank, (name, value) in enumerate(side.top_classes(SHOWN_CLASSES), start=1)
    ]
    return pd.DataFrame(rows, columns=["model", "rank", "class", "probability"])


def _arrays(maps: Sequence[SpotMap]) -> dict[str, np.ndarray]:
    """Return what is drawn: maps, tokens, differences, and predictions; numbers of sides count from 1."""
    found: dict[str, np.ndarray] = {"models": np.array([one.side.title for one in maps])}
    for number, one in enumerate(maps, start=1):
        found[f"times_uniform_{number}"] = one.times
        found[f"token_{number}"] = np.array([one.row, one.column])
        found[f"block_{number}"] = np.array(one.record.id)
        if number > 1:
            found[f"decades_over_first_{number}"] = difference(maps[0], one).decades
    predictions = predictions_table([one.side for one in maps])
    return found | {f"prediction_{name}": predictions[name].to_numpy(str) for name in predictions}
