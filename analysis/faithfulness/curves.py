"""Deletion and insertion: how the log-probability of a class falls as groups are removed, and rises as they come.

Groups are removed from the whole picture in the order of their relevance (deletion), or the picture starts with all of
them replaced and they come back in that order (insertion); Petsiuk et al., BMVC 2018. The horizontal axis is the share
of the picture, since groups differ in size; the area under a curve is its mean over that axis. Comprehensiveness and
sufficiency (DeYoung et al., ACL 2020) are read off the same runs.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from analysis.faithfulness.runs import Runs

TOP_SHARES = (0.05, 0.1, 0.2, 0.5)
"""Shares of the groups over which comprehensiveness and sufficiency are averaged, rounded up to whole groups."""


@dataclass(frozen=True, eq=False)
class Curve:
    """How the class fares as groups are removed, or as they come back, in one order.

    Attributes:
        ranking: The groups, the most relevant first.
        counts: Groups removed or kept at each point, from 0 to all.
        shares: Share of the picture that they cover.
        values: Log-probability of the class there, in nats.
    """

    ranking: Int[np.ndarray, " groups"]
    counts: Int[np.ndarray, " points"]
    shares: Float[np.ndarray, " points"]
    values: Float[np.ndarray, " points"]

    @property
    def area(self) -> float:
        """Mean log-probability over the picture, in nats."""
        return area(self.shares, self.values)

    @property
    def at_top(self) -> float:
        """Mean probability with the groups of `TOP_SHARES` removed or kept."""
        at = np.searchsorted(self.counts, top_counts(int(self.counts[-1])))
        return float(np.exp(self.values[at]).mean())


@dataclass(frozen=True, eq=False)
class Curves:
    """One order of the groups, tried out.

    Attributes:
        order: Name in `analysis.faithfulness.choices.ORDERS`.
        deletion: Groups are removed from the whole picture; the lower its area, the more the first ones are needed.
        insertion: Groups come back; the higher its area, the more the first ones say by themselves.
    """

    order: str
    deletion: Curve
    insertion: Curve

    @property
    def comprehensiveness(self) -> float:
        """p(class | all) - p(class | without the top groups), mean over `TOP_SHARES`: high if they were needed."""
        return self._whole - self.deletion.at_top

    @property
    def sufficiency(self) -> float:
        """p(class | all) - p(class | top groups only), mean over `TOP_SHARES`: low if they are enough."""
        return self._whole - self.insertion.at_top

    @property
    def _whole(self) -> float:
        return float(np.exp(self.deletion.values[0]))


def area(shares: Float[np.ndarray, " points"], values: Float[np.ndarray, " points"]) -> float:
    """Return the area under a curve by the trapezoidal rule.

    Example:
        >>> area(np.array([0.0, 0.5, 1.0]), np.array([0.0, 1.0, 1.0]))
        0.75
    """
    return float(np.trapezoid(values, shares))


def top_counts(groups: int) -> Int[np.ndarray, " shares"]:
    """Return how many groups `TOP_SHARES` of them are.

    Example:
        >>> top_counts(49)
        array([ 3,  5, 10, 25])
    """
    return np.ceil(np.array(TOP_SHARES) * groups - 1e-9).astype(int)


def points(groups: int, steps: int) -> Int[np.ndarray, " points"]:
    """Return after how many groups the class is asked for: evenly in some steps, and at `TOP_SHARES`.

    Example:
        >>> points(20, 4)
        array([ 0,  1,  2,  4,  5, 10, 15, 20])
    """
    even = np.linspace(0, groups, min(steps, groups) + 1).round().astype(int)
    return np.unique(np.concatenate([even, top_counts(groups)]))


def curves(runs: Runs, order: str, ranking: Int[np.ndarray, " groups"], steps: int) -> Curves:
    """Remove and insert groups in an order; see `curve`."""
    return Curves(order, curve(runs, ranking, steps), curve(runs, ranking, steps, insert=True))


def curve(runs: Runs, ranking: Int[np.ndarray, " groups"], steps: int, *, insert: bool = False) -> Curve:
    """Remove groups in an order, or let them come back.

    Args:
        runs: Of the picture and its groups.
        ranking: The groups, the most relevant first.
        steps: Points of the curve, less one, before those of `TOP_SHARES` are added; the number of groups gives all.
        insert: Start from a picture all of whose groups are replaced.

    Raises:
        ValueError: If the ranking does not name each group once.
    """
    count = runs.groups.count
    if sorted(ranking.tolist()) != list(range(count)):
        raise ValueError(f"A ranking names each of {count} groups once, got {len(ranking)} numbers.")
    counts = points(count, steps)
    first = _first(ranking, counts)
    values = runs.log_probability(~first if insert else first)
    shares = np.concatenate([[0.0], runs.groups.areas[ranking].cumsum()])[counts]
    return Curve(ranking, counts, shares, values)


def by_relevance(relevance: Float[np.ndarray, " groups"]) -> Int[np.ndarray, " groups"]:
    """Return the ranking of groups by a value each, the highest first, ties by number.

    Example:
        >>> by_relevance(np.array([1.0, 3.0, 1.0]))
        array([1, 0, 2])
    """
    return np.argsort(-relevance, kind="stable")


def _first(
    ranking: Int[np.ndarray, " groups"], counts: Int[np.ndarray, " points"]
) -> Bool[np.ndarray, "points groups"]:
    """Return which groups are among the first ones of a ranking."""
    rank = np.empty(len(ranking), dtype=int)
    rank[ranking] = np.arange(len(ranking))
    return rank[None] < counts[:, None]
