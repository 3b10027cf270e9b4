"""Counterfactual runs: identities, oracles in closed form, and that they leave the model alone."""

import numpy as np
import pytest
import torch

from analysis.counterfactual import compare, metrics_before_and_after
from analysis.redundancy.ledger import ledger
from analysis.variants import Variant
from stvit import BlockId, STViT, STViTConfig, capture
from tests.support.tiny import tiny_model, tiny_pixels

CONFIG = STViTConfig(
    num_classes=7, embed_dims=(8, 16, 16, 16), depths=(1, 2, 1, 1), num_heads=(1, 2, 2, 2), projection_dim=24
)


@pytest.fixture
def model() -> STViT:
    return STViT(CONFIG).double().eval()


@pytest.fixture
def pixels() -> torch.Tensor:
    return torch.randn(1, 3, 96, 128, dtype=torch.float64)


def test_the_learned_association_changes_nothing(model, pixels):
    learned = capture(model, pixels)
    change = compare(learned, Variant("own", num_iters=1).run(model, pixels))
    assert change.divergence == pytest.approx(0, abs=1e-12)
    assert change.same_class
    assert all(value < 1e-12 for value in change.relative.values())


def test_divergence_is_the_textbook_sum(model, pixels):
    learned, changed = capture(model, pixels), capture(model, pixels, association="grid")
    p, q = (cap.logits[0].softmax(-1).numpy() for cap in (learned, changed))
    expected = sum(a * np.log(a / b) for a, b in zip(p, q, strict=True))
    assert compare(learned, changed).divergence == pytest.approx(expected, rel=1e-9)


def test_relative_change_is_the_ratio_of_norms(model, pixels):
    learned, changed = capture(model, pixels), capture(model, pixels, association="hard")
    before, after = (cap[BlockId(1, 0)].output[0].numpy() for cap in (learned, changed))
    expected = np.linalg.norm(after - before) / np.linalg.norm(before)
    assert compare(learned, changed).relative[BlockId(1, 0)] == pytest.approx(expected, rel=1e-9)


def test_relative_change_of_a_run_in_half_precision_is_not_rounded_to_it(model, pixels):
    model, pixels = model.bfloat16(), pixels.bfloat16()
    learned, changed = capture(model, pixels), capture(model, pixels, association="hard")
    before, after = (cap[BlockId(1, 0)].output[0].double().numpy() for cap in (learned, changed))
    expected = np.linalg.norm(after - before) / np.linalg.norm(before)
    assert compare(learned, changed).relative[BlockId(1, 0)] == pytest.approx(expected, rel=1e-9)


def test_only_the_chosen_block_and_those_after_it_change(model, pixels):
    variant = Variant("late", association="grid", blocks=(BlockId(1, 1),))
    change = compare(capture(model, pixels), variant.run(model, pixels))
    assert change.relative[BlockId(0, 0)] == 0
    assert change.relative[BlockId(1, 0)] == 0
    assert change.relative[BlockId(1, 1)] > 0
    assert change.relative[BlockId(2, 0)] > 0


def test_refuses_runs_that_do_not_belong_together(model, pixels):
    other = capture(model, torch.cat([pixels, pixels]))
    with pytest.raises(ValueError, match="one picture"):
        compare(capture(model, pixels), other)


def test_metrics_before_and_after_are_those_of_the_ledger(model, pixels):
    learned, changed = capture(model, pixels), capture(model, pixels, association="masked")
    table = metrics_before_and_after(learned, changed, ("mass", "entropy")).set_index(["stage", "block", "metric"])
    full = ledger(changed, ("super",), ("entropy",))
    expected = full["value"][(full["stage"] == 1) & (full["block"] == 0)].mean()
    assert table.loc[(1, 0, "entropy"), "after"] == pytest.approx(expected)
    assert table.loc[(0, 0, "mass"), "after"] == pytest.approx(1)  # nothing is lost without phantoms
    assert table.loc[(0, 0, "mass"), "before"] < 1


def test_large_grids_are_sampled_and_leave_ranks_out(monkeypatch):
    model, pixels = tiny_model(), tiny_pixels(1, 64, 96)
    cap, changed = capture(model, pixels), capture(model, pixels, association="grid")
    exact = metrics_before_and_after(cap, changed)
    assert "effective_rank" in set(exact["metric"])
    monkeypatch.setattr("analysis.counterfactual.EXACT_UP_TO", 100)
    monkeypatch.setattr("analysis.counterfactual.SAMPLED_ROWS", 96)
    sampled = metrics_before_and_after(cap, changed)
    assert "effective_rank" not in set(sampled["metric"])
    both = exact.merge(sampled, on=["stage", "block", "metric", "unit"])
    assert len(both) == len(sampled)
    entropy = both[both["metric"] == "entropy"]
    np.testing.assert_allclose(entropy["before_x"], entropy["before_y"], rtol=0.05)
