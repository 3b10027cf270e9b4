"""Deletion and insertion of one grouping in every order, against random orders."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float
from torch import Tensor

from analysis.faithfulness.choices import GREEDY_STEPS, RANDOM_ORDERS, STEPS
from analysis.faithfulness.curves import Curve, Curves, by_relevance, curve, curves, points
from analysis.faithfulness.greedy import greedy_ranking, greedy_runs
from analysis.faithfulness.groups import Groups
from analysis.faithfulness.orders import group_relevance, pixel_relevance
from analysis.faithfulness.removal import Answer, answer_with
from analysis.faithfulness.runs import Progress, Runs, silent
from stvit import Capture, STViT


@dataclass(frozen=True)
class Effort:
    """How closely curves are followed.

    Attributes:
        steps: Of each curve.
        random: Random orders.
        greedy: Steps of the greedy order; 0 leaves it out.
    """

    steps: int = STEPS
    random: int = RANDOM_ORDERS
    greedy: int = GREEDY_STEPS

    def runs(self, groups: int, orders: int) -> int:
        """Return how many runs of the model a grouping takes, at most."""
        each = 2 * len(points(groups, self.steps))
        greedy = 2 * greedy_runs(groups, self.greedy) + each if self.greedy else 0
        return each * (orders + self.random) + greedy


@dataclass(frozen=True, eq=False)
class Faithfulness:
    """What one grouping of a picture showed.

    Attributes:
        groups: The grouping.
        target: The class, counted from 0.
        curves: By name of the order; "greedy" holds the deletion of one greedy order and the insertion of another.
        random: Of each random order.
    """

    groups: Groups
    target: int
    curves: Mapping[str, Curves]
    random: tuple[Curves, ...]

    @property
    def whole(self) -> float:
        """Log-probability of the class on the whole picture, in nats."""
        return float([*self.curves.values(), *self.random][0].deletion.values[0])

    def band(self, kind: str, shares: Float[np.ndarray, " shares"]) -> Float[np.ndarray, "2 shares"]:
        """Return the lowest and the highest random curve, "deletion" or "insertion", at shares of the picture."""
        found: list[Curve] = [getattr(one, kind) for one in self.random]
        values = np.array([np.interp(shares, one.shares, one.values) for one in found])
        return np.stack([values.min(0), values.max(0)])


def measure_faithfulness(
    answer: Answer,
    groups: Groups,
    target: int,
    relevance: Mapping[str, Float[np.ndarray, " groups"]],
    effort: Effort | None = None,
    progress: Progress = silent,
) -> Faithfulness:
    """Remove and insert the groups of a picture in every order; random orders are the same every time.

    Args:
        answer: What the model answers when pixels are removed.
        groups: Of the picture.
        target: The class whose probability is followed, counted from 0.
        relevance: Relevance of each group, by order.
        effort: How closely.
        progress: Told after each batch of runs.

    Raises:
        ValueError: If a relevance does not hold one finite number for each group.
    """
    effort = effort or Effort()
    _check(relevance, groups)
    runs = Runs(answer, groups, target, effort.runs(groups.count, len(relevance)), progress)
    rankings = {name: by_relevance(values) for name, values in relevance.items()}
    found = {name: curves(runs, name, ranking, effort.steps) for name, ranking in rankings.items()}
    shuffled = np.random.default_rng(0)
    orders = [shuffled.permutation(groups.count) for _ in range(effort.random)]
    random = tuple(curves(runs, "random", ranking, effort.steps) for ranking in orders)
    if effort.greedy:
        found["greedy"] = _greedy(runs, effort)
    return Faithfulness(groups, target, found, random)


def measure_groups(
    model: STViT,
    cap: Capture,
    pixels: Float[Tensor, "1 channels height width"],
    groups: Sequence[Groups],
    target: int,
    orders: Sequence[str],
    replacement: str,
    effort: Effort,
    progress: Progress = silent,
) -> list[Faithfulness]:
    """Measure several groupings of a picture; see `measure_faithfulness`.

    Args:
        model: The model.
        cap: Its capture of the pixels, with every block.
        pixels: One normalised image.
        groups: Groupings of the picture.
        target: The class, counted from 0.
        orders: Names of `ORDERS`.
        replacement: Name in `REPLACEMENTS`.
        effort: How closely.
        progress: Told after each batch of runs.
    """
    maps = pixel_relevance(model, cap, pixels, target, orders)
    answer = answer_with(model, pixels, replacement)
    return [
        measure_faithfulness(answer, one, target, group_relevance(maps, one), effort, progress=progress)
        for one in groups
    ]


def _greedy(runs: Runs, effort: Effort) -> Curves:
    """Return deletion in the greedy order that removes, and insertion in the one that inserts."""
    removing, inserting = (
        curve(runs, greedy_ranking(runs, effort.greedy, insert=insert), effort.steps, insert=insert)
        for insert in (False, True)
    )
    return Curves("greedy", removing, inserting)


def _check(relevance: Mapping[str, np.ndarray], groups: Groups) -> None:
    for name, values in relevance.items():
        if values.shape != (groups.count,) or not np.isfinite(values).all():
            raise ValueError(
                f"The order {name!r} needs one finite number for each of {groups.count} groups, got an array of shape "
                f"{values.shape}{'' if np.isfinite(values).all() else ' with numbers that are not finite'}."
            )


def summary_table(found: Sequence[Faithfulness]) -> pd.DataFrame:
    """Return one line for each grouping and order.

    Returns:
        Columns: grouping, groups, order, deletion_area, insertion_area (nats), comprehensiveness, sufficiency
        (probabilities). The line "random" holds means over the random orders.
    """
    return pd.DataFrame([row for one in found for row in _summary_rows(one)])


def _summary_rows(found: Faithfulness) -> Iterator[dict[str, object]]:
    by_order: dict[str, Sequence[Curves]] = {name: [each] for name, each in found.curves.items()}
    if found.random:
        by_order["random"] = found.random
    for order, each in by_order.items():
        yield {
            "grouping": found.groups.method,
            "groups": found.groups.count,
            "order": order,
            "deletion_area": float(np.mean([one.deletion.area for one in each])),
            "insertion_area": float(np.mean([one.insertion.area for one in each])),
            "comprehensiveness": float(np.mean([one.comprehensiveness for one in each])),
            "sufficiency": float(np.mean([one.sufficiency for one in each])),
        }


def curve_table(found: Sequence[Faithfulness]) -> pd.DataFrame:
    """Return one line for each point of each curve.

    Returns:
        Columns: grouping, order, repeat (of the random orders, from 0), curve (deletion or insertion), groups_changed,
        share, log_probability.
    """
    return pd.concat([part for one in found for part in _curve_parts(one)], ignore_index=True)


def _curve_parts(found: Faithfulness) -> Iterator[pd.DataFrame]:
    listed = [(curves, 0) for curves in found.curves.values()]
    listed += [(curves, repeat) for repeat, curves in enumerate(found.random)]
    for each, repeat in listed:
        for kind, one in (("deletion", each.deletion), ("insertion", each.insertion)):
            values = {"groups_changed": one.counts, "share": one.shares, "log_probability": one.values}
            named = {"grouping": found.groups.method, "order": each.order, "repeat": repeat, "curve": kind}
            yield pd.DataFrame(named | values)
