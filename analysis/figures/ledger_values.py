"""A ledger laid out for charts: a metric by block and kind of attention, or by head and block.

An estimate is the same metric measured in another way: it is drawn under the same name, hollow. Values that are not
finite are left out. What does not exist is empty, and the charts say so in words.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from analysis.attention.kinds import OWN
from analysis.figures.numbers import colour_range, with_unit
from analysis.figures.style import KIND_COLOURS, KIND_NAMES
from analysis.redundancy.catalogue import CATALOGUE, ESTIMATE

BlockPlace = tuple[int, int]
"""Stage and block, counted from 0."""


Spread = Mapping[BlockPlace, tuple[float, float]]
"""Between which values a metric of a block lies in most pictures of a dataset."""

HeadValue = tuple[int, int, int, float]
"""Stage, block and head, counted from 0, and a value."""


@dataclass(frozen=True)
class BlockValues:
    """A metric of one block.

    Attributes:
        heads: Its finite values by head (one without a head for a metric of the block), means over pictures.
        estimate: Whether they are estimates.
        stderr: Standard error of their mean if they were measured on a sample of rows; nan if they are exact. The
            heads are sampled at the same tokens, so this is the mean of their errors, as if all erred together.
    """

    heads: Mapping[int, float]
    estimate: bool = False
    stderr: float = math.nan

    @property
    def mean(self) -> float:
        """Mean over heads; nan where there are none."""
        return fmean(self.heads.values()) if self.heads else math.nan


@dataclass(frozen=True)
class DepthValues:
    """A metric against depth.

    Attributes:
        title: Of the metric.
        unit: Of the metric.
        blocks: All blocks of the ledger, in order of depth.
        series: By kind of attention, what was measured in each of the blocks; the attention of the model comes last,
            above the others.
        own: What people call the attention of the model.
    """

    title: str
    unit: str
    blocks: Sequence[BlockPlace]
    series: Mapping[str, Sequence[BlockValues]]
    own: str = KIND_NAMES[OWN]

    def title_of(self, kind: str) -> str:
        """Return what people call a kind of attention here."""
        return self.own if kind == OWN else KIND_NAMES.get(kind, kind)

    @property
    def has_estimates(self) -> bool:
        """Whether any value is an estimate."""
        return any(one.estimate for blocks in self.series.values() for one in blocks)

    @property
    def is_sampled(self) -> bool:
        """Whether any value was measured on a sample of rows."""
        return any(math.isfinite(one.stderr) for blocks in self.series.values() for one in blocks)

    @property
    def axis(self) -> str:
        """Title of the axis."""
        return with_unit(self.title, self.unit)


@dataclass(frozen=True, eq=False)
class HeadValues:
    """A metric of every head of one kind of attention.

    Attributes:
        title: Of the metric.
        unit: Of the metric.
        blocks: Blocks that have the metric, in order of depth.
        values: One row for each head and one column for each block; nan where there is no such head.
        estimates: Which of them are estimates.
    """

    title: str
    unit: str
    blocks: Sequence[BlockPlace]
    values: Float[np.ndarray, "heads blocks"]
    estimates: Bool[np.ndarray, "heads blocks"]

    @property
    def axis(self) -> str:
        """Title of the colour bar."""
        return with_unit(self.title, self.unit)

    @property
    def by_stage(self) -> Float[np.ndarray, "heads blocks"]:
        """Where each value lies between the least (0) and the greatest (1) of its stage, so that heads can be compared.

        0.5 throughout a stage whose values differ by no more than rounding.
        """
        found = np.full(self.values.shape, np.nan)
        stages = np.array([stage for stage, _ in self.blocks])
        for stage in np.unique(stages):
            part = self.values[:, stages == stage]
            low, high = colour_range(float(np.nanmin(part)), float(np.nanmax(part)))
            found[:, stages == stage] = (part - low) / (high - low)
        return found

    def ranked(self) -> list[HeadValue]:
        """Return (stage, block, head, value) of all heads, the least first."""
        places = [
            (float(self.values[head, column]), column, head) for head, column in np.argwhere(~np.isnan(self.values))
        ]
        return [(*self.blocks[column], int(head), value) for value, column, head in sorted(places)]


def depth_values(table: pd.DataFrame, metric: str, own: str = KIND_NAMES[OWN]) -> DepthValues:
    """Lay a metric out by block.

    Args:
        table: Of `analysis.ledger`; several pictures are averaged.
        metric: Name in the catalogue; an estimate stands for its metric.
        own: What people call the attention of the model; see `analysis.attention.kinds.own_title`.
    """
    part = _rows_of(table, metric)
    blocks = sorted({(int(stage), int(block)) for stage, block in zip(table["stage"], table["block"], strict=True)})
    drawn = [kind for kind in reversed(KIND_COLOURS) if (part["attention"] == kind).any()]
    drawn = [*(kind for kind in part["attention"].unique() if kind not in KIND_COLOURS), *drawn]
    series = {}
    for kind in drawn:
        found = _by_block(part[part["attention"] == kind])
        series[str(kind)] = [found.get(block, BlockValues({})) for block in blocks]
    return DepthValues(*_names(metric), blocks, series, own)


def head_values(table: pd.DataFrame, metric: str, attention: str) -> HeadValues:
    """Lay a metric out by head and block.

    Args:
        table: Of `analysis.ledger`; several pictures are averaged.
        metric: Name in the catalogue; an estimate stands for its metric.
        attention: Kind of attention.
    """
    part = _rows_of(table[(table["attention"] == attention) & table["head"].notna()], metric)
    found = _by_block(part)
    blocks = sorted(found)
    heads = 1 + max((head for one in found.values() for head in one.heads), default=-1)
    values = np.full((heads, len(blocks)), np.nan)
    estimates = np.zeros(values.shape, dtype=bool)
    for column, block in enumerate(blocks):
        for head, value in found[block].heads.items():
            values[head, column], estimates[head, column] = value, found[block].estimate
    return HeadValues(*_names(metric), blocks, values, estimates)


def _names(metric: str) -> tuple[str, str]:
    """Return title and unit of a metric, those of the metric itself for an estimate."""
    known = CATALOGUE.get(metric.removesuffix(ESTIMATE))
    return (known.title, known.unit) if known else (metric, "")


def _rows_of(table: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return the finite rows of a metric and of its estimate."""
    stem = metric.removesuffix(ESTIMATE)
    return table[table["metric"].isin((stem, stem + ESTIMATE)) & np.isfinite(table["value"].astype(np.float64))]


def _by_block(rows: pd.DataFrame) -> dict[BlockPlace, BlockValues]:
    """Return what was measured in each block that has the metric."""
    heads: dict[BlockPlace, dict[int, list[float]]] = {}
    errors: dict[BlockPlace, list[float]] = {}
    stderr = rows["stderr"] if "stderr" in rows else pd.Series(math.nan, index=rows.index)
    columns = (rows["stage"], rows["block"], rows["head"].fillna(0), rows["value"], stderr)
    for stage, block, head, value, error in zip(*columns, strict=True):
        place = (int(stage), int(block))
        heads.setdefault(place, {}).setdefault(int(head), []).append(float(value))
        errors.setdefault(place, []).append(float(error))
    estimated = rows[rows["metric"].str.endswith(ESTIMATE)]
    estimates = set(zip(estimated["stage"], estimated["block"], strict=True))
    return {
        block: BlockValues(
            {head: fmean(values) for head, values in found.items()}, block in estimates, fmean(errors[block])
        )
        for block, found in heads.items()
    }
