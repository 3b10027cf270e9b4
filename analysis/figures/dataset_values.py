"""Tables of a sweep laid out for charts, on screen and on paper."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.figures.style import KIND_COLOURS, KIND_NAMES, line_of
from stvit.captions import block_short

ANSWERS = {"correct": ("Correctness", "#0072B2", "solid"), "probability": ("Probability", "#D55E00", "dash")}
"""Title, colour and line of what metrics are correlated with."""


@dataclass(frozen=True)
class Curve:
    """One line over blocks and what surrounds it.

    Attributes:
        name: For the legend.
        colour: As #RRGGBB.
        dash: "solid", "dash", "dot" or "dashdot".
        blocks: Labels of the blocks, in order of depth.
        middle: Median, correlation or difference of each.
        low: Lower end of each, 90 % of pictures or a 95 % interval.
        high: Upper end.
        inner: Ends of the middle half of the pictures, if they are known.
    """

    name: str
    colour: str
    dash: str
    blocks: Sequence[str]
    middle: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    inner: tuple[Sequence[float], Sequence[float]] | None = None


def spread_curves(spread: pd.DataFrame, own: str) -> list[Curve]:
    """Return a curve of quantiles for each attention.

    Args:
        spread: Columns attention, stage, block, q05, q25, q50, q75, q95; of one metric.
        own: What people call the attention of the model.
    """
    return [
        Curve(
            name,
            colour,
            dash,
            blocks_of(part),
            _numbers(part, "q50"),
            _numbers(part, "q05"),
            _numbers(part, "q95"),
            (_numbers(part, "q25"), _numbers(part, "q75")),
        )
        for name, colour, dash, part in _by_attention(spread, own)
    ]


def difference_curves(differences: pd.DataFrame, own: str) -> list[Curve]:
    """Return a curve of mean differences and their intervals for each attention; see `spread_curves`."""
    return [
        Curve(name, colour, dash, blocks_of(part), *_interval(part, "difference"))
        for name, colour, dash, part in _by_attention(differences, own)
    ]


def correlation_curves(correlations: pd.DataFrame) -> list[Curve]:
    """Return a curve of correlations and their intervals for each answer; of one metric and attention."""
    found = []
    for answer, part in correlations.groupby("answer", sort=True):
        title, colour, dash = ANSWERS[str(answer)]
        found.append(Curve(title, colour, dash, blocks_of(part), *_interval(part, "r")))
    return found


def blocks_of(table: pd.DataFrame) -> list[str]:
    """Return the labels of the blocks of a table."""
    return [block_short(int(stage), int(block)) for stage, block in zip(table["stage"], table["block"], strict=True)]


def attentions_of(table: pd.DataFrame) -> list[str]:
    """Return the kinds of attention of a table in the order in which everything names them.

    Example:
        >>> attentions_of(pd.DataFrame({"attention": ["global", "mine", "super", "global"]}))
        ['super', 'global', 'mine']
    """
    known = list(KIND_NAMES)
    present = table["attention"].astype(str).unique()
    return sorted(present, key=lambda kind: known.index(kind) if kind in known else len(known))


def _by_attention(table: pd.DataFrame, own: str) -> Iterator[tuple[str, str, str, pd.DataFrame]]:
    for kind in attentions_of(table):
        part = table[table["attention"] == kind].sort_values(["stage", "block"])
        name = own if kind == "super" else KIND_NAMES.get(kind, kind)
        yield name, KIND_COLOURS.get(kind, "#000000"), line_of(kind), part


def _interval(table: pd.DataFrame, middle: str) -> tuple[list[float], list[float], list[float]]:
    return _numbers(table, middle), _numbers(table, "low"), _numbers(table, "high")


def _numbers(table: pd.DataFrame, column: str) -> list[float]:
    return [float(value) for value in table[column]]
