"""The registry of changes: every entry runs, replays, and does what its name says."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from pandas.testing import assert_frame_equal

from analysis.changes import CHANGES, change_named
from analysis.counterfactual import compare, outcome_of, outcome_table
from analysis.grouping.methods import METHODS
from analysis.grouping.tasks import random_seeds
from stvit import BlockId, STViT, STViTConfig, capture

CONFIG = STViTConfig(
    num_classes=7, embed_dims=(8, 16, 16, 16), depths=(1, 2, 1, 1), num_heads=(1, 2, 2, 2), projection_dim=24
)
ENTRIES = [(name, parameter) for name, change in CHANGES.items() for parameter in change.parameters[:3] or (None,)]


@pytest.fixture
def model() -> STViT:
    return STViT(CONFIG).double().eval()


@pytest.fixture
def pixels() -> torch.Tensor:
    return torch.randn(1, 3, 96, 128, dtype=torch.float64)


@pytest.fixture
def shown() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (96, 128, 3), np.uint8)


@pytest.mark.parametrize(("name", "parameter"), ENTRIES)
def test_every_change_runs_and_replays(model, pixels, shown, name, parameter):
    learned, variant = capture(model, pixels), CHANGES[name].variant(shown, parameter)
    changed = variant.run(model, pixels)
    assert changed.replay_error() < 1e-12
    outcome = outcome_of(variant, learned, changed)
    assert (outcome.kind, outcome.colour) == (name, CHANGES[name].colour)
    assert outcome_table(outcome)["after"].notna().all()
    of_one = outcome_of(variant, learned, changed, measured=[BlockId(1, 1)]).metrics
    expected = outcome.metrics[(outcome.metrics["stage"] == 1) & (outcome.metrics["block"] == 1)]
    assert_frame_equal(of_one, expected.reset_index(drop=True))
    record = changed[BlockId(0, 0)]
    assert 1 < record.labels().unique().numel() <= record.grid.num_super_tokens


def test_every_method_without_a_model_is_a_change():
    assert {name for name, method in METHODS.items() if not method.knows_model} <= set(CHANGES)


def test_no_iterations_are_the_regular_grid(model, pixels, shown):
    learned = capture(model, pixels)
    grid, none = (
        compare(learned, CHANGES[name].variant(shown, parameter).run(model, pixels))
        for name, parameter in (("grid", None), ("iterations", 0))
    )
    assert grid.divergence == pytest.approx(none.divergence, rel=1e-9)
    assert list(grid.relative.values()) == pytest.approx(list(none.relative.values()), rel=1e-9)


def test_soft_kmeans_is_soft_and_the_other_methods_are_hard(model, pixels, shown):
    for name, candidates in (("soft_kmeans", 9), ("slic", 1), ("random", 1)):
        record = CHANGES[name].variant(shown).run(model, pixels)[BlockId(0, 0)]
        assert record.association.index.shape[-1] == candidates
        assert record.phantom_leakage().abs().max() == 0


def test_changes_ask_for_no_more_groups_than_there_are_super_tokens(model, pixels, shown, monkeypatch):
    asked = []

    def rule(task):
        asked.append(task.at_most)
        return random_seeds(task)

    monkeypatch.setitem(METHODS, "random", replace(METHODS["random"], rule=rule))
    CHANGES["random"].variant(shown).run(model, pixels)
    assert asked == [True, True]  # once for each of the two layouts


def test_masked_phantoms_leave_no_phantom_leakage(model, pixels, shown):
    record = CHANGES["masked"].variant(shown).run(model, pixels)[BlockId(0, 0)]
    assert record.phantom_leakage().abs().max() == 0


def test_iterations_are_named_by_their_number(shown):
    change = CHANGES["iterations"]
    assert [change.variant(shown, count).title for count in range(3)] == ["0 iterations", "1 iteration", "2 iterations"]


def test_what_is_not_there_is_refused(shown):
    with pytest.raises(ValueError, match=r"no change 'waterfall' .*known are grid, slic"):
        change_named("waterfall")
    with pytest.raises(ValueError, match="Other iterations takes 0 to 5, got 6"):
        CHANGES["iterations"].variant(shown, 6)
    with pytest.raises(ValueError, match="Other iterations takes 0 to 5, got none"):
        CHANGES["iterations"].variant(shown)
    with pytest.raises(ValueError, match="Regular grid takes no number, got 2"):
        CHANGES["grid"].variant(shown, 2)


def test_the_model_is_left_alone(model, pixels, shown):
    before = model(pixels)
    for change in CHANGES.values():
        change.variant(shown, next(iter(change.parameters), None)).run(model, pixels)
    assert torch.equal(model(pixels), before)
