"""Compare: which model attends more evenly at the same depth, and how far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.answers.words import in_words
from analysis.figures.numbers import percent, significant

SAME = 0.01
"""Shares of log N that differ by less are called equal: about the error of a sample of 256 rows."""


@dataclass(frozen=True)
class Seen:
    """One side at the depth that is shown.

    Attributes:
        title: Of the side.
        where: The block in words.
        metrics: Means over heads and tokens: "normalised_entropy" (share of log N) and "distance" (px); none for a
            block without attention.
    """

    title: str
    where: str
    metrics: Mapping[str, float]


def compare_answer(depth: float, sides: Sequence[Seen]) -> str:
    """Say how evenly and how far each side attends, and which is nearest to uniform attention.

    Args:
        depth: Relative depth, 0 to 1.
        sides: What was measured, in their order.

    Example:
        >>> some = {"normalised_entropy": 0.9, "distance": 80.4}
        >>> more = {"normalised_entropy": 1.0, "distance": 117.0}
        >>> compare_answer(0.05, [Seen("A", "stage 1, block 1", some), Seen("B", "stage 1, block 1", more)])
        'At 5 % of the depth (stage 1, block 1), the attention of A has 90 % of the largest possible entropy and \
reaches 80 px, that of B 100 % and 117 px: B is nearer to uniform attention.'
    """
    places = {side.where for side in sides}
    together = f" ({places.pop()})" if len(places) == 1 else ""
    attending = [side for side in sides if side.metrics]
    first = attending[0] if attending else None
    parts = [_of_one(side, named=not together, first=side is first) for side in sides]
    return f"At {percent(depth, 0)} of the depth{together}, {', '.join(parts)}{_verdict(attending)}."


def _of_one(side: Seen, named: bool, first: bool) -> str:
    name = f"{side.title} ({side.where})" if named else side.title
    if not side.metrics:
        return f"{name} has no attention"
    share, distance = percent(side.metrics["normalised_entropy"], 0), f"{side.metrics['distance']:,.0f} px"
    if first:
        return f"the attention of {name} has {share} of the largest possible entropy and reaches {distance}"
    return f"that of {name} {share} and {distance}"


def _verdict(sides: Sequence[Seen]) -> str:
    """Return which side is nearest to uniform attention, if there are two to compare."""
    if len(sides) < 2:
        return ""
    ordered = sorted(sides, key=lambda side: side.metrics["normalised_entropy"], reverse=True)
    top, next_one = ordered[:2]
    if top.metrics["normalised_entropy"] - next_one.metrics["normalised_entropy"] < SAME:
        return f": {top.title} and {next_one.title} are equally near to uniform attention"
    return f": {top.title} is {'nearer' if len(sides) == 2 else 'nearest'} to uniform attention"


def sample_note(table: pd.DataFrame, titles: Mapping[str, str], anchors: int) -> str:
    """Say what the means are over, and how far the choice of the tokens may have moved them.

    Args:
        table: Of `analysis.compare.measured`.
        titles: What people call each metric that is drawn.
        anchors: Tokens of each block that were measured.

    Example:
        >>> rows = [("m", "entropy", "nats", 0.0123), ("m", "entropy", "nats", 0.004)]
        >>> table = pd.DataFrame(rows, columns=["model", "metric", "unit", "stderr"])
        >>> sample_note(table, {"entropy": "Entropy"}, 256)
        'Means over 256 tokens of each block and over its heads; dots are heads. Standard error of a head: at most \
0.0123 nats (entropy).'
    """
    units = dict(zip(table["metric"], table["unit"], strict=True))
    largest = {name: float(table.loc[table["metric"] == name, "stderr"].max()) for name in titles}
    errors = [
        f"{significant(largest[name])} {units[name]} ({title.lower()})"
        for name, title in titles.items()
        if largest[name] > 0
    ]
    means = f"Means over {anchors} tokens of each block and over its heads; dots are heads."
    return f"{means} Standard error of a head: at most {in_words(errors)}." if errors else means
