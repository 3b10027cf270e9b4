"""What a capture keeps of windowed attention and of convolutions."""

import pytest
import torch

from stvit import BlockId, capture
from stvit.capturing.attention_record import AttentionRecord
from stvit.capturing.conv_record import ConvRecord
from stvit.capturing.records import NoAttentionError
from stvit.capturing.window_record import WindowRecord
from tests.support.tiny import tiny_model, tiny_pixels
from tests.support.tolerances import NETWORK, OPERATOR, assert_close
from tests.support.window_loops import dense_window_weights

TYPES = (torch.float32, torch.float64)
PLAIN, SHIFTED, CONV = BlockId(0, 0), BlockId(0, 1), BlockId(1, 0)


def mixed_model(dtype=torch.float64, mixers=("window", "conv", "global", "super"), bias=True):
    model = tiny_model(dtype, mixers=mixers, window=4, relative_position_bias=bias)
    for block in model.blocks().values():
        if getattr(block.attention, "bias_table", None) is not None:
            torch.nn.init.normal_(block.attention.bias_table)
    return model


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize(
    "mixers",
    [
        ("window", "conv", "global", "super"),
        ("conv", "window", "super", "global"),
        ("super", "global", "window", "conv"),
        ("global", "super", "conv", "window"),
    ],
)
def test_every_mixer_is_replayed_from_what_was_captured(mixers, dtype):
    model = mixed_model(dtype, mixers)
    pixels = tiny_pixels(dtype=dtype)
    cap = capture(model, pixels)
    assert list(cap) == list(model.blocks())
    assert cap.replay_error() <= NETWORK[dtype]
    assert max(record.select(1).replay_error() for record in cap.values()) <= NETWORK[dtype]
    with torch.no_grad():
        assert torch.equal(cap.logits, model(pixels))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("block", [PLAIN, SHIFTED])
@pytest.mark.parametrize("dtype", TYPES)
def test_the_attention_of_a_window_block_is_the_masked_softmax_over_all_tokens(dtype, block, bias):
    model = mixed_model(dtype, bias=bias)
    record = capture(model, tiny_pixels(height=40, width=52, dtype=dtype))[block]
    assert isinstance(record, WindowRecord)
    assert record.shift == ((2, 2) if block == SHIFTED else (0, 0))
    with torch.no_grad():
        expected = dense_window_weights(model.blocks()[block].attention, record.tokens)
    attention = record.token_attention(1)
    assert_close(attention.to_dense(), expected[1], OPERATOR)
    assert_close(record.super_attention, expected, OPERATOR)
    for head in (None, 0, 2):
        one = expected[1].mean(0) if head is None else expected[1, head]
        assert_close(attention.row(17, head), one[17], OPERATOR)
        assert_close(attention.column(17, head), one[:, 17], OPERATOR)
        assert_close(attention.row_sums(head), torch.ones(130, dtype=dtype), OPERATOR)
        values = torch.randn(130, 5, dtype=dtype)
        assert_close(attention.apply(values, head), one @ values, NETWORK)
    assert record.leakage().abs().max() == 0


def test_a_window_block_is_its_own_super_tokens():
    record = capture(mixed_model(), tiny_pixels(dtype=torch.float64))[SHIFTED]
    assert record.association.is_identity
    assert torch.equal(record.super_tokens, record.tokens)
    assert torch.equal(record.labels()[0].flatten(), torch.arange(24 * 25))


def test_a_block_of_convolutions_says_that_it_has_no_attention_and_gives_its_kernel():
    model = mixed_model()
    record = capture(model, tiny_pixels(dtype=torch.float64))[CONV]
    assert isinstance(record, ConvRecord)
    assert not record.has_attention
    assert record.heads == 0
    assert isinstance(record, AttentionRecord)
    assert torch.equal(record.kernel, model.blocks()[CONV].attention.aggregate.weight[:, 0])
    said = "^Stage 2, block 1 mixes its tokens by a convolution and has no attention; look at its `kernel`, or at "
    for ask in (record.token_attention, record.token_query_key, lambda: record.super_attention):
        with pytest.raises(NoAttentionError, match=said):
            ask()


def test_a_capture_gives_the_blocks_that_have_attention():
    cap = capture(mixed_model(), tiny_pixels(dtype=torch.float64))
    assert list(cap.with_attention()) == [PLAIN, SHIFTED, BlockId(2, 0), BlockId(3, 0)]
    assert cap.with_attention().logits is cap.logits
    assert cap.with_attention().with_attention() is not cap
    only = capture(mixed_model(mixers=("super",) * 4), tiny_pixels(dtype=torch.float64))
    assert only.with_attention() is only


@pytest.mark.parametrize(("block", "name"), [(PLAIN, "bias_table"), (CONV, "aggregate.weight"), (CONV, "value.bias")])
def test_weights_of_any_mixer_that_change_are_noticed(block, name):
    model = mixed_model()
    record = capture(model, tiny_pixels(dtype=torch.float64))[block]
    with torch.no_grad():
        model.blocks()[block].attention.get_parameter(name).view(-1)[-1].add_(1)
    with pytest.raises(RuntimeError, match="were changed after this capture"):
        record.replay()


@pytest.mark.parametrize("setting", [{"num_iters": 2}, {"association": "grid"}])
def test_settings_of_super_tokens_leave_other_mixers_alone(setting):
    model, pixels = mixed_model(mixers=("window", "conv", "super", "super")), tiny_pixels(dtype=torch.float64)
    before, after = capture(model, pixels), capture(model, pixels, **setting)
    assert torch.equal(before[CONV].output, after[CONV].output)
    assert not torch.equal(before[BlockId(2, 0)].output, after[BlockId(2, 0)].output)
    (name, value) = next(iter(setting.items()))
    with pytest.raises(ValueError, match="Stage 1, block 1 has no super tokens"):
        capture(model, pixels, **{name: {PLAIN: value}})
