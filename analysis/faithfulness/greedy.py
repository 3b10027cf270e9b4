"""The greedy order: at each step all groups that are left are tried, and those that change the class most go.

It sees the answers that other orders have to foretell, so it is a bound for them: exact where the effects of groups
add up, and near the best order elsewhere, whose search grows with the factorial of the groups.
"""

import numpy as np
from jaxtyping import Int

from analysis.faithfulness.runs import Runs


def greedy_ranking(runs: Runs, steps: int, *, insert: bool = False) -> Int[np.ndarray, " groups"]:
    """Return the groups in greedy order.

    Args:
        runs: Of the picture and its groups.
        steps: How many times groups are chosen; the number of groups chooses one by one.
        insert: Choose what raises the class most, from nothing, instead of what lowers it most, from all.
    """
    left, ranking = list(range(runs.groups.count)), list[int]()
    for size in step_sizes(runs.groups.count, steps):
        trials = np.zeros((len(left), runs.groups.count), dtype=bool)
        trials[:, ranking] = True
        trials[np.arange(len(left)), left] = True
        values = runs.log_probability(~trials if insert else trials)
        best = np.argsort(-values if insert else values, kind="stable")[:size]
        chosen = [left[index] for index in best]
        ranking += chosen
        left = [group for group in left if group not in chosen]
    return np.array(ranking)


def step_sizes(groups: int, steps: int) -> list[int]:
    """Return how many groups are chosen at each step.

    Example:
        >>> step_sizes(7, 3)
        [3, 2, 2]
    """
    return [len(part) for part in np.array_split(np.arange(groups), min(steps, groups))]


def greedy_runs(groups: int, steps: int) -> int:
    """Return how many runs a greedy order takes.

    Example:
        >>> greedy_runs(4, 4)
        10
    """
    sizes = step_sizes(groups, steps)
    return int(np.sum(groups - np.concatenate([[0], np.cumsum(sizes)[:-1]])))
