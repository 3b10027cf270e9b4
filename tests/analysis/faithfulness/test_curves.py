"""Deletion and insertion: against a linear model, whose best order and areas are known in closed form."""

from itertools import permutations

import numpy as np
import pytest
import torch

from analysis.faithfulness.choices import ORDERS
from analysis.faithfulness.curves import TOP_SHARES, by_relevance, curves, points, top_counts
from analysis.faithfulness.greedy import greedy_ranking, greedy_runs
from analysis.faithfulness.groups import Groups
from analysis.faithfulness.measuring import Effort, curve_table, measure_faithfulness, summary_table
from analysis.faithfulness.runs import Runs

LABELS = np.array([[0, 0, 1, 2], [3, 3, 1, 4]])
GROUPS = Groups("grid", "Grid", LABELS, 5)
EFFECTS = np.array([0.5, 3.0, -1.0, 0.25, 2.0])
"""By how much each group raises the logit of class 0; class 1 has the logit 0."""


def linear(removed):
    """Logits of a model whose class 0 gains the effect of each group that is wholly there."""
    kept = torch.stack([~removed[:, torch.from_numpy(group == LABELS)].any(1) for group in range(5)], dim=1)
    logit = kept.double() @ torch.from_numpy(EFFECTS)
    return torch.stack([logit, torch.zeros_like(logit)], dim=1)


def log_sigmoid(logit):
    return -np.log1p(np.exp(-logit))


def closed_form(ranking):
    """Deletion and insertion by hand: log sigmoid of the effects that are left, over the share of the picture."""
    areas = np.array([2, 2, 1, 2, 1]) / 8
    shares = np.concatenate([[0], np.cumsum(areas[ranking])])
    removed = np.concatenate([[0], np.cumsum(EFFECTS[ranking])])
    return shares, log_sigmoid(EFFECTS.sum() - removed), log_sigmoid(removed)


def trapezoids(shares, values):
    return sum((shares[i + 1] - shares[i]) * (values[i] + values[i + 1]) / 2 for i in range(len(shares) - 1))


def test_curves_of_a_linear_model_are_those_of_the_closed_form():
    ranking = by_relevance(EFFECTS)
    assert ranking.tolist() == [1, 4, 0, 3, 2]
    found = curves(Runs(linear, GROUPS, 0), "gradient", ranking, steps=5)
    shares, deletion, insertion = closed_form(ranking)
    np.testing.assert_allclose(found.deletion.shares, shares)
    np.testing.assert_allclose(found.deletion.values, deletion)
    np.testing.assert_allclose(found.insertion.values, insertion)
    assert found.deletion.area == pytest.approx(trapezoids(shares, deletion))
    assert found.insertion.area == pytest.approx(trapezoids(shares, insertion))


def test_comprehensiveness_and_sufficiency_of_a_linear_model():
    ranking = by_relevance(EFFECTS)
    found = curves(Runs(linear, GROUPS, 0), "gradient", ranking, steps=2)
    _, deletion, insertion = closed_form(ranking)
    tops = [1, 1, 1, 3]  # 5, 10, 20 and 50 % of five groups, rounded up
    assert top_counts(5).tolist() == tops
    whole = np.exp(deletion[0])
    assert found.comprehensiveness == pytest.approx(whole - np.exp(deletion[tops]).mean())
    assert found.sufficiency == pytest.approx(whole - np.exp(insertion[tops]).mean())


def test_greedy_finds_the_best_order_of_a_linear_model():
    runs = Runs(linear, GROUPS, 0)
    assert greedy_ranking(runs, 5).tolist() == [1, 4, 0, 3, 2]
    assert greedy_ranking(runs, 5, insert=True).tolist() == [1, 4, 0, 3, 2]


def test_no_order_of_equal_groups_beats_the_greedy_one():
    equal = Groups("grid", "Grid", np.arange(5).reshape(1, 5), 5)

    def answer(removed):
        logit = (~removed[:, 0]).double() @ torch.from_numpy(EFFECTS)
        return torch.stack([logit, torch.zeros_like(logit)], dim=1)

    runs = Runs(answer, equal, 0)
    greedy = curves(runs, "greedy", greedy_ranking(runs, 5), 5)
    every = [curves(runs, "any", np.array(order), 5) for order in permutations(range(5))]
    assert greedy.deletion.area == pytest.approx(min(one.deletion.area for one in every))
    assert greedy.insertion.area == pytest.approx(max(one.insertion.area for one in every))


def test_each_set_of_groups_runs_once_and_progress_counts_all():
    ran, told = [], []

    def answer(removed):
        ran.append(len(removed))
        return linear(removed)

    relevance = {"gradient": EFFECTS, "rollout": -EFFECTS}
    effort = Effort(steps=5, random=3, greedy=5)
    measure_faithfulness(answer, GROUPS, 0, relevance, effort, progress=lambda *state: told.append(state))
    assert sum(ran) <= 2**5  # no set twice
    assert told[-1][0] == told[-1][1] == effort.runs(5, 2)
    assert [done for done, *_ in told] == sorted(done for done, *_ in told)


def test_the_band_holds_every_random_curve():
    found = measure_faithfulness(linear, GROUPS, 0, {"gradient": EFFECTS}, Effort(5, 4, 0))
    low, high = found.band("deletion", np.linspace(0, 1, 9))
    for one in found.random:
        values = np.interp(np.linspace(0, 1, 9), one.deletion.shares, one.deletion.values)
        assert (low <= values).all()
        assert (values <= high).all()
    assert low[0] == high[0] == pytest.approx(found.whole)
    assert "greedy" not in found.curves


def test_tables_hold_every_order():
    found = measure_faithfulness(linear, GROUPS, 0, {"gradient": EFFECTS}, Effort(5, 2, 5))
    table = summary_table([found])
    assert list(table["order"]) == ["gradient", "greedy", "random"]
    best = table.set_index("order")
    assert best.loc["gradient", "deletion_area"] == pytest.approx(best.loc["greedy", "deletion_area"])
    assert best.loc["random", "deletion_area"] == pytest.approx(np.mean([one.deletion.area for one in found.random]))
    long = curve_table([found])
    assert len(long) == 2 * 4 * 6  # two curves of four orders, 0 to 5 groups
    assert set(long["order"]) <= set(ORDERS)


def test_a_relevance_for_other_groups_is_refused():
    with pytest.raises(ValueError, match="'gradient' needs one finite number for each of 5 groups"):
        measure_faithfulness(linear, GROUPS, 0, {"gradient": np.ones(4)}, Effort(5, 1, 0))
    with pytest.raises(ValueError, match="not finite"):
        measure_faithfulness(linear, GROUPS, 0, {"gradient": np.full(5, np.nan)}, Effort(5, 1, 0))
    with pytest.raises(ValueError, match="names each of 5 groups once"):
        curves(Runs(linear, GROUPS, 0), "any", np.array([0, 0, 1, 2, 3]), 5)


def test_points_include_the_shares_that_are_averaged():
    for groups in (1, 2, 7, 49, 196):
        at = points(groups, 12)
        assert set(top_counts(groups)) <= set(at)
        assert at[0] == 0
        assert at[-1] == groups
        assert greedy_runs(groups, groups) == groups * (groups + 1) // 2
    assert len(TOP_SHARES) == 4
