"""What attention adds to one token against what the block put out, and against the block with parts taken out."""

import numpy as np
import pytest
import torch

from analysis.one_token.contributions import TokenOutput, token_output
from stvit import BlockId, STViT, capture
from stvit.capturing.records import NoAttentionError
from tests.support.tiny import tiny_model, tiny_pixels

BLOCK = BlockId(0, 1)


@pytest.fixture
def double() -> STViT:
    return tiny_model(torch.float64)


def of_token(found, token: int) -> np.ndarray:
    return found.output[0].flatten(1)[:, token].numpy()


@pytest.mark.parametrize("block", [BlockId(0, 0), BLOCK, BlockId(1, 0), BlockId(3, 0)])
@pytest.mark.parametrize("size", [(96, 128), (96, 100)])
def test_heads_and_bias_add_up_to_the_output_of_the_block(double, block, size):
    record = capture(double, tiny_pixels(1, *size, torch.float64))[block]
    for token in (0, record.grid.num_tokens // 2, record.grid.num_tokens - 1):
        found = token_output(record, token)
        np.testing.assert_allclose(found.output, of_token(record, token), rtol=1e-9, atol=1e-12)
        assert found.shares.sum() == pytest.approx(1)
        assert found.norms[-1] == pytest.approx(found.bias_norm * found.row_mass)
        assert found.row_mass == pytest.approx(1 - record.phantom_leakage()[0].flatten()[token].item())


def test_a_head_adds_what_the_block_puts_out_without_the_others(double):
    pixels, token = tiny_pixels(1, 96, 100, torch.float64), 3
    found = token_output(capture(double, pixels)[BLOCK], token)
    projection = double.blocks()[BLOCK].attention.refine.proj
    kept, heads = projection.weight.detach().clone(), len(found.by_head)
    for head in range(heads):
        with torch.no_grad():
            projection.weight.zero_().view(len(kept), heads, -1)[:, head] = kept.view(len(kept), heads, -1)[:, head]
            projection.bias.zero_()
        np.testing.assert_allclose(found.by_head[head], of_token(capture(double, pixels)[BLOCK], token), rtol=1e-9)


def test_values_of_super_tokens_are_the_means_of_their_tokens(double):
    record = capture(double, tiny_pixels(1, 96, 128, torch.float64))[BLOCK]  # no padding, whose tokens count as zero
    found = token_output(record, 5)
    weights = record.current_weights()
    values = weights.qkv(record.tokens.flatten(2).transpose(1, 2))[2][0]
    np.testing.assert_allclose(found.value, values[:, 5], rtol=1e-9)
    share = torch.zeros(record.grid.num_tokens, record.grid.num_super_tokens + 1, dtype=torch.float64)
    share.scatter_(1, record.association.index[0] % share.shape[1], record.association.weight[0])
    share = share[:, :-1] / share[:, :-1].sum(0)
    np.testing.assert_allclose(found.super_values, torch.einsum("nm,hnd->hmd", share, values), rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("scale", [None, 0.3])
def test_norms_of_the_residual_are_those_around_the_attention(scale):
    model = tiny_model(torch.float64, layer_scale_init=(scale, None, None, None))
    pixels, around = tiny_pixels(1, 96, 100, torch.float64), {}
    block = model.blocks()[BLOCK]
    block.position.register_forward_hook(lambda *given: around.update(before=given[-1]))
    block.ffn_norm.register_forward_pre_hook(lambda _, given: around.update(after=given[0]))
    record = capture(model, pixels)[BLOCK]
    found = token_output(record, 7)
    before, after = (around[name][0].flatten(1)[:, 7] for name in ("before", "after"))
    assert found.residual_norm == pytest.approx(before.norm().item())
    assert found.added_norm == pytest.approx((after - before).norm().item())
    assert record.added_norm.shape == record.residual_norm.shape == record.output[:, 0].shape


def test_a_token_that_nothing_is_added_to_has_no_shares():
    nothing = np.zeros((2, 3))
    found = TokenOutput(nothing, np.zeros((2, 4, 3)), nothing, np.zeros(3), 1.0, 0.0, 1.0, 0.0)
    assert (found.shares == 0).all()


@pytest.mark.parametrize(
    ("mixer", "error", "words"), [("conv", NoAttentionError, "no attention"), ("window", ValueError, "in windows")]
)
def test_refuses_blocks_whose_output_is_made_otherwise(mixer, error, words):
    model = tiny_model(mixers=(mixer, "super", "global", "global"), window=4)
    record = capture(model, tiny_pixels(1, 64, 64))[BlockId(0, 0)]
    with pytest.raises(error, match=words):
        token_output(record, 0)
