"""Rollouts as files: relevance of pixels and tokens, for several classes side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
from jaxtyping import Float

from analysis.figures.canvas import Anchor, Canvas, Panel
from analysis.figures.numbers import percent
from analysis.figures.paper.pictures import maps_figure
from analysis.figures.screen.rollout import DIFFERENCE, pixel_panel
from analysis.relevance.rollout import Rollout
from analysis.relevance.weighings import Weighing
from analysis.reports.report import Report, Subject
from stvit import BlockRecord
from stvit.grid import STRIDES

Map = tuple[str, int | None, Float[np.ndarray, "_ _"]]
"""Name, stage (None for pixels), and relevance, or its difference from that of the mean token."""


def weighed_by(weighing: Weighing) -> str:
    """Return what weighs a rollout in words, a class with its probability.

    Example:
        >>> weighed_by(Weighing(2, "cat", 0.973)), weighed_by(Weighing(None, "attention alone"))
        ('cat (97.3 %)', 'attention alone')
    """
    return weighing.title if weighing.probability is None else f"{weighing.title} ({percent(weighing.probability)})"


def maps_of(found: Rollout, mean: Rollout | None = None) -> list[Map]:
    """Return the relevance of the pixels, of the tokens that enter each stage, or their differences from a mean.

    Args:
        found: From a token, or from the mean of all.
        mean: From the mean of all, to take away; None takes nothing away.
    """

    def values(of: Rollout, stage: int | None) -> np.ndarray:
        return (of.pixels if stage is None else of.tokens(stage)).numpy(force=True)

    stages = [None, *range(found.source.stage + 1)]
    less = [0.0 if mean is None else values(mean, stage) for stage in stages]
    names = ["pixels" if stage is None else f"stage_{stage}" for stage in stages]
    return [(name, stage, values(found, stage) - away) for name, stage, away in zip(names, stages, less, strict=True)]


def panel_of(map_: Map, title: str, signed: bool) -> Panel:
    """Return a map of a rollout as a panel; pixels are summed in squares."""
    _, stage, values = map_
    if stage is None:
        summed = pixel_panel(values, signed=signed)
        return replace(summed, title=title or summed.title)
    quantity = DIFFERENCE if signed else "relevance"
    return Panel(title or f"Into stage {stage + 1}", values, quantity, pixels=STRIDES[stage], signed=signed)


def rollout_report(
    subject: Subject,
    found: Mapping[Weighing, Rollout],
    source: BlockRecord,
    anchor: tuple[int, int] | None,
    convolutions: bool,
    means: Mapping[Weighing, Rollout] | None = None,
) -> Report:
    """Return rollouts as files: pixels of each, and the tokens of the first one.

    Args:
        subject: Picture and model.
        found: The rollouts by what weighs them.
        source: The block they start from.
        anchor: Row and column of the token they start from; None for the pooled output.
        convolutions: Whether the convolutions inside blocks count.
        means: Rollouts from the mean of all tokens, to take away; none to take nothing away.
    """
    signed = bool(means)
    all_maps = {weighing: maps_of(one, (means or {}).get(weighing)) for weighing, one in found.items()}
    panels = [panel_of(maps[0], _title(weighing, len(found)), signed) for weighing, maps in all_maps.items()]
    panels += [panel_of(map_, "", signed) for map_ in next(iter(all_maps.values()))[1:]]
    canvas = _canvas(subject, list(found), source, anchor, convolutions, signed)
    table = partial(_table, all_maps)
    return Report(partial(maps_figure, canvas, panels, framed=1 + len(found)), table, partial(_arrays, all_maps))


def _title(weighing: Weighing, count: int) -> str:
    return "" if count == 1 else f"Pixels: {weighed_by(weighing)}"


def _canvas(
    subject: Subject,
    found: Sequence[Weighing],
    source: BlockRecord,
    anchor: tuple[int, int] | None,
    convolutions: bool,
    signed: bool,
) -> Canvas:
    where = "the pooled output" if anchor is None else f"token {anchor} of {source.id.caption}"
    caption = subject.caption(f"rollout from {where}", *rollout_options(found, convolutions, signed))
    return Canvas(subject.picture.shown, source.id.stride, None if anchor is None else Anchor(*anchor), caption)


def rollout_options(found: Sequence[Weighing], convolutions: bool, signed: bool) -> list[str]:
    """Return the settings of rollouts in words; classes are counted from 0."""
    weighted = [one.title if one.target is None else f"weighted by {weighed_by(one)}" for one in found]
    spread = "convolutions spread it" if convolutions else "convolutions inside blocks left out"
    return [*weighted, spread, *(["less the rollout from the mean token"] if signed else [])]


def _table(all_maps: Mapping[Weighing, list[Map]]) -> pd.DataFrame:
    """Return one line for each value of each map: class (from 0), map, stage, row, column, relevance, where."""
    parts = [_long(weighing, map_) for weighing, maps in all_maps.items() for map_ in maps]
    return pd.concat(parts, ignore_index=True).astype({"class": "Int64", "stage": "Int64"})


def _long(weighing: Weighing, map_: Map) -> pd.DataFrame:
    _name, stage, _values = map_
    shown = panel_of(map_, "", False).values
    rows, columns = np.indices(shown.shape)
    return pd.DataFrame(
        {
            "class": weighing.target,
            "map": "pixels" if stage is None else "tokens",
            "stage": stage,
            "row": rows.ravel(),
            "column": columns.ravel(),
            "relevance": shown.ravel(),
            "where": None if stage is None else f"stage {stage + 1}",
        }
    )


def _arrays(all_maps: Mapping[Weighing, list[Map]]) -> dict[str, np.ndarray]:
    """Return every map; the names of all but the first rollout end in their number, from 2."""
    return {
        name if number == 1 else f"{name}_{number}": values
        for number, maps in enumerate(all_maps.values(), start=1)
        for name, _, values in maps
    }
