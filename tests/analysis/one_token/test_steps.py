"""The numbers of the steps against what was captured."""

import numpy as np
import pytest
import torch

from analysis.one_token.steps import token_steps
from stvit import BlockId, STViT, STViTConfig, capture


@pytest.mark.parametrize("num_iters", [1, 3])
@pytest.mark.parametrize("size", [(64, 96), (72, 100)])
def test_every_step_is_what_the_model_did(num_iters, size):
    config = STViTConfig(
        num_classes=3,
        embed_dims=(8, 8, 8, 8),
        depths=(1, 1, 1, 1),
        num_heads=(2, 2, 2, 2),
        projection_dim=8,
        num_iters=(num_iters, 1, 1, 1),
    )
    record = capture(STViT(config).double().eval(), torch.randn(1, 3, *size).double())[BlockId(0, 0)]
    attention = record.token_attention()
    for token in (0, 5, record.grid.num_tokens - 1):
        steps = token_steps(record, token, head=1, num_iters=num_iters)
        np.testing.assert_allclose(steps.weights, record.association.weight[0, token], rtol=1e-9)
        np.testing.assert_array_equal(steps.neighbours, record.association.index[0, token])
        np.testing.assert_allclose(steps.row, attention.row(token, 1), rtol=1e-9, atol=1e-15)
        assert steps.mixed.sum() == pytest.approx(steps.weights[~steps.phantoms].sum())
        assert (steps.logits[steps.phantoms] == 0).all()
        lost = record.association.lost_share[0, steps.heaviest].item()
        assert steps.members.sum() == pytest.approx(1 - lost, abs=1e-12)
        assert (lost > 1e-3) == (size == (72, 100) and steps.heaviest not in (0, 1))


def test_without_iterations_a_token_belongs_to_its_own_cell_alone():
    config = STViTConfig(
        num_classes=0, embed_dims=(8,) * 4, depths=(1,) * 4, num_heads=(2,) * 4, num_iters=(0, 1, 1, 1)
    )
    record = capture(STViT(config).double().eval(), torch.randn(1, 3, 72, 100).double())[BlockId(0, 0)]
    for token in (0, 11, record.grid.num_tokens - 1):
        steps = token_steps(record, token, head=1, num_iters=0)
        assert steps.weights.tolist() == [0] * 4 + [1] + [0] * 4
        assert steps.heaviest == record.labels()[0].flatten()[token]
        np.testing.assert_allclose(steps.row, record.token_attention().row(token, 1), rtol=1e-9, atol=1e-15)


def test_corner_token_has_five_phantoms():
    config = STViTConfig(num_classes=0, embed_dims=(8, 8, 8, 8), depths=(1, 1, 1, 1), num_heads=(1, 1, 1, 1))
    record = capture(STViT(config).eval(), torch.randn(1, 3, 96, 96))[BlockId(0, 0)]
    steps = token_steps(record, 0)
    assert steps.phantoms.sum() == 5
    assert (steps.shares[steps.phantoms] == 0).all()
    assert 1 - steps.weights[~steps.phantoms].sum() == pytest.approx(record.leakage()[0, 0, 0].item(), abs=1e-6)


def test_refuses_a_block_without_super_tokens():
    config = STViTConfig(num_classes=0, embed_dims=(8, 8, 8, 8), depths=(1, 1, 1, 1), num_heads=(1, 1, 1, 1))
    record = capture(STViT(config).eval(), torch.randn(1, 3, 64, 64))[BlockId(3, 0)]
    with pytest.raises(ValueError, match="no steps to show"):
        token_steps(record, 0)
