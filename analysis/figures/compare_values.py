"""A metric of several models against relative depth, laid out for charts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.figures.numbers import with_unit
from analysis.figures.style import KIND_COLOURS
from analysis.redundancy.catalogue import CATALOGUE, ESTIMATE
from stvit.captions import block_short

LOOKS = ((KIND_COLOURS["super"], "solid"), (KIND_COLOURS["global"], "dash"), (KIND_COLOURS["local"], "dashdot"))
"""Colour and line of each side, in order."""


@dataclass(frozen=True)
class DepthLine:
    """A metric of one side.

    Attributes:
        title: Of the side.
        colour: As #RRGGBB.
        dash: Name of its line, as in `analysis.attention.kinds`.
        depths: Relative depth of each block that has the metric, 0 to 1, rising.
        means: Mean over heads in each of them.
        heads: (depth, value) of each head.
        where: Each block in words that count from 1, such as "1.2".
    """

    title: str
    colour: str
    dash: str
    depths: Sequence[float]
    means: Sequence[float]
    heads: Sequence[tuple[float, float]]
    where: Sequence[str]


def depth_lines(table: pd.DataFrame, metric: str, titles: Sequence[str]) -> list[DepthLine]:
    """Lay a metric out, one line for each side that has it.

    Args:
        table: Of `analysis.compare.measured`.
        metric: Name in the catalogue; an estimate stands for its metric.
        titles: Of all sides, in order, which decides on their looks.
    """
    stem = metric.removesuffix(ESTIMATE)
    rows = table[table["metric"].isin((stem, stem + ESTIMATE)) & np.isfinite(table["value"])]
    lines = []
    for title, (colour, dash) in zip(titles, LOOKS, strict=False):
        part = rows[rows["model"] == title]
        if part.empty:
            continue
        blocks = part.groupby(["depth", "stage", "block"], as_index=False)["value"].mean()
        places = zip(blocks["stage"], blocks["block"], strict=True)
        where = [block_short(int(stage), int(block)) for stage, block in places]
        heads = list(zip(part["depth"].tolist(), part["value"].tolist(), strict=True))
        lines.append(DepthLine(title, colour, dash, blocks["depth"].tolist(), blocks["value"].tolist(), heads, where))
    return lines


def axis_title(metric: str) -> str:
    """Return the title of a metric's axis, with its unit.

    Example:
        >>> axis_title("entropy")
        'Entropy (nats)'
    """
    known = CATALOGUE[metric]
    return with_unit(known.title, known.unit)
