"""The maps of all heads of all blocks for one anchor, as files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from analysis.attention.kinds import KINDS
from analysis.compare.head_maps import HeadMaps
from analysis.figures.ledger_values import HeadValues
from analysis.figures.numbers import significant
from analysis.figures.paper.files import Figure
from analysis.figures.paper.head_maps import Tile, tiles_figure
from analysis.one_token.region import Region, measure_region
from analysis.redundancy.where import where
from analysis.reports.report import Report, Subject
from stvit import BlockId
from stvit.capturing.attention_record import AttentionRecord

Records = Mapping[BlockId, AttentionRecord]


@dataclass(frozen=True, eq=False)
class HeadMapsShown:
    """What is shown of the maps, and in which order.

    Attributes:
        maps: Of each block.
        kind: Of attention.
        region: What the anchor is.
        incoming: Whether they are columns.
        values: Of the metric that sorts them; None where they are in the order of depth.
        rising: Whether the least comes first.
    """

    maps: Sequence[HeadMaps]
    kind: str
    region: Region
    incoming: bool
    values: HeadValues | None = None
    rising: bool = False

    def order(self) -> list[tuple[HeadMaps, int, float | None]]:
        """Return block, head and the value of the metric, in order; heads that lack the metric come last."""
        every = [(found, head) for found in self.maps for head in range(len(found.weights))]
        if self.values is None:
            return [(found, head, None) for found, head in every]
        known = {(stage, block, head): value for stage, block, head, value in self.values.ranked()}
        valued = [(found, head, known.get((*found.block, head))) for found, head in every]
        sign = 1 if self.rising else -1
        return sorted(valued, key=lambda one: (one[2] is None, sign * (one[2] or 0.0)))

    @property
    def words(self) -> list[str]:
        """What is shown, for captions."""
        anchor = "anchor" if self.region.kind == "token" else f"{self.region.title} at the anchor"
        direction = f"what attends to the {anchor}" if self.incoming else f"what the {anchor} attends to"
        order = (
            "by depth"
            if self.values is None
            else f"{'rising' if self.rising else 'falling'} {self.values.axis.lower()}"
        )
        return [KINDS[self.kind].title, direction, "times uniform attention", order]


def head_maps_report(subject: Subject, records: Records, shown: HeadMapsShown) -> Report:
    """Return the maps as files: a line for each head, and the maps of each block as arrays."""

    def arrays() -> dict[str, np.ndarray]:
        return {
            f"stage{found.block.stage + 1}_block{found.block.block + 1}_{what}": values
            for found in shown.maps
            for what, values in (("weights", found.weights), ("tokens", found.tokens))
        }

    caption = subject.caption(*shown.words)
    return Report(partial(_figure, shown, caption), partial(_table, records, shown), arrays)


def _figure(shown: HeadMapsShown, caption: str) -> Figure:
    tiles = [
        Tile(
            found.block.short,
            head,
            found.levels[head],
            (found.row, found.column),
            "" if value is None else significant(value),
        )
        for found, head, value in shown.order()
    ]
    return tiles_figure(tiles, caption, by_depth=shown.values is None)


def _table(records: Records, shown: HeadMapsShown) -> pd.DataFrame:
    """Return one line for each head: where, the token of the anchor, and the figures of its row."""
    rows = []
    for found, head, value in shown.order():
        measured = measure_region(found.weights[head].ravel(), records[found.block], shown.region, found.tokens)
        place = {"row": found.row, "column": found.column, "region_tokens": len(found.tokens)}
        sorted_by = {} if shown.values is None else {f"{shown.values.title} of the head": value}
        names = ("mass", "entropy", "distance", "local_mass", "tokens_for_90")
        rows.append(
            {"where": where(*found.block, head), "stage": found.block.stage, "block": found.block.block, "head": head}
            | place
            | {name: measured[name] for name in names}
            | sorted_by
        )
    return pd.DataFrame(rows)
