"""Parts taken out: against attention written out by hand, and against what cannot depend on them."""

import threading

import numpy as np
import pytest
import torch

from analysis.faithfulness.ablation import Ablation, ablated
from analysis.faithfulness.effects import Effects, effect_of, effects_of_each
from stvit import BlockId, capture
from stvit.attention import SuperTokenAttention, split_heads
from tests.support.tiny import tiny_model, tiny_pixels

FIRST, LAST = BlockId(0, 0), BlockId(3, 0)


@pytest.fixture(scope="module")
def model():
    return tiny_model(torch.float64)


@pytest.fixture(scope="module")
def pixels():
    return tiny_pixels(1, 64, 96, torch.float64)


def written_out(model, block, pixels, *, gone=(), gone_heads=(), mean_heads=()):
    """Logits with the attention of one block written from its equation, parts left out."""
    mixer = model.blocks()[block].attention
    record = capture(model, pixels)[block]

    def attention(module, inputs, output):
        (tokens,) = inputs
        dense = record.association.to_sparse()
        tall = record.grid.num_tokens
        weights = torch.zeros(tall, record.grid.num_super_tokens + 1, dtype=torch.float64)
        weights.scatter_add_(
            1, dense.index[0].where(dense.index[0] >= 0, record.grid.num_super_tokens), dense.weight[0]
        )
        weights = weights[:, :-1]
        features = record.super_tokens[:1]
        query, key, value = (part[0] for part in split_heads(mixer.refine.qkv(features).flatten(2), record.heads))
        logits = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
        logits[..., list(gone)] = -torch.inf
        heads = logits.softmax(-1) @ value
        heads[list(gone_heads)] = 0
        for head in mean_heads:
            heads[head] = heads[head].mean(0)
        mixed = heads.transpose(0, 1).flatten(1) @ mixer.refine.proj.weight.flatten(1).T + mixer.refine.proj.bias
        mixed[list(gone)] = 0
        return (weights @ mixed).T.reshape(tokens.shape)

    handle = mixer.register_forward_hook(attention)
    try:
        with torch.no_grad():
            return model(pixels)
    finally:
        handle.remove()


def test_the_attention_written_out_is_the_model(model, pixels):
    for block in (FIRST, LAST):
        with torch.no_grad():
            torch.testing.assert_close(written_out(model, block, pixels), model(pixels))


@pytest.mark.parametrize("block", [FIRST, LAST])
def test_dropped_super_tokens_take_no_attention_and_give_nothing(model, pixels, block):
    count = capture(model, pixels)[block].grid.num_super_tokens
    ablation = Ablation.of(model, block, "super_tokens", [1, 3], count)
    found = ablated(model, pixels, [ablation])
    torch.testing.assert_close(found, written_out(model, block, pixels, gone=(1, 3)))
    with torch.no_grad():
        assert not torch.allclose(found, model(pixels), rtol=1e-9)


@pytest.mark.parametrize("block", [FIRST, LAST])
def test_heads_are_dropped_and_averaged(model, pixels, block):
    heads = capture(model, pixels)[block].heads
    for how, expected in (("drop", {"gone_heads": (0, 2)}), ("mean", {"mean_heads": (0, 2)})):
        ablation = Ablation.of(model, block, "heads", [0, 2], heads, how)
        found = ablated(model, pixels, [ablation])
        torch.testing.assert_close(found, written_out(model, block, pixels, **expected))


def test_averaged_super_tokens_enter_the_attention_as_their_mean(model, pixels):
    record = capture(model, pixels)[FIRST]
    count = record.grid.num_super_tokens
    seen = []
    handle = model.blocks()[FIRST].attention.refine.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    try:
        ablated(model, pixels, [Ablation.of(model, FIRST, "super_tokens", [2], count, "mean")])
    finally:
        handle.remove()
    features, expected = seen[0].flatten(2), record.super_tokens.flatten(2).clone()
    expected[..., 2] = record.super_tokens.flatten(2).mean(2)
    torch.testing.assert_close(features, expected)


def test_every_super_token_in_batches_is_each_alone(model, pixels):
    count = capture(model, pixels)[FIRST].grid.num_super_tokens
    told = []
    found = effects_of_each(
        model, pixels, FIRST, "super_tokens", count, progress=lambda done, total, _: told.append((done, total))
    )
    assert told[-1] == (count, count)
    for number in range(count):
        alone = effect_of(model, pixels, [Ablation.of(model, FIRST, "super_tokens", [number], count)])
        np.testing.assert_allclose(found.after[number], alone.after[0], atol=1e-9)
    table = found.table(2)
    np.testing.assert_allclose(table["change"], found.after[:, 2] - found.before[2])
    assert list(table["part"]) == list(range(count))


def test_what_lies_before_a_block_is_run_once_for_all_its_parts(model, pixels, monkeypatch):
    monkeypatch.setattr("analysis.faithfulness.ablation.BATCH_PIXELS", 2 * 64 * 96)  # two runs at once
    block, runs = BlockId(2, 0), []
    handle = model.stages[0].blocks[0].register_forward_hook(lambda *inside: runs.append(len(inside[2])))
    try:
        found = effects_of_each(model, pixels, block, "heads", 4)
    finally:
        handle.remove()
    assert runs == [1, 1]  # of the model as it is, and of what enters the block
    alone = [effect_of(model, pixels, [Ablation.of(model, block, "heads", [head], 4)]) for head in range(4)]
    np.testing.assert_allclose(found.after, np.concatenate([one.after for one in alone]), atol=1e-9)


def test_several_ablations_act_together(model, pixels):
    heads = capture(model, pixels)[LAST].heads
    one = Ablation.of(model, LAST, "heads", [0], heads)
    other = Ablation.of(model, LAST, "heads", [1], heads)
    both = Ablation.of(model, LAST, "heads", [0, 1], heads)
    torch.testing.assert_close(ablated(model, pixels, [one, other]), ablated(model, pixels, [both]))


def test_no_hook_is_left_behind_and_other_threads_see_nothing(model, pixels):
    count = capture(model, pixels)[FIRST].grid.num_super_tokens
    with torch.no_grad():
        before = model(pixels)
    elsewhere = []

    def run_elsewhere(module, inputs):
        def other():
            with torch.no_grad():
                elsewhere.append(model.forward_features(pixels).mean((2, 3)))

        handle.remove()
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()

    handle = model.projection.register_forward_pre_hook(run_elsewhere)
    ablated(model, pixels, [Ablation.of(model, FIRST, "super_tokens", range(count), count)])
    with torch.no_grad():
        torch.testing.assert_close(model.classifier(elsewhere[0]), before)
        torch.testing.assert_close(model(pixels), before)
    for module in model.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks


def test_effects_by_hand():
    found = Effects.of(torch.tensor([0.0, 0.0]), torch.tensor([[2.0, 0.0], [0.0, 0.0]]))
    expected = np.log(np.exp(2) / (np.exp(2) + 1)) - np.log(0.5)
    assert found.change(0)[0] == pytest.approx(expected)
    odds = np.exp(2) / (np.exp(2) + 1)
    assert found.divergence[0] == pytest.approx(0.5 * np.log(0.5 / odds) + 0.5 * np.log(0.5 / (1 - odds)))
    assert found.divergence[1] == 0
    assert found.top.tolist() == [0, 0]


@pytest.mark.usefixtures("unchecked")
def test_parts_that_do_not_exist_are_refused(model, pixels):
    with pytest.raises(IndexError, match="no super token 6 in stage 1, block 1; they are numbered 0 to 5"):
        Ablation.of(model, FIRST, "super_tokens", [6], 6)
    with pytest.raises(KeyError, match="no block"):
        Ablation.of(model, BlockId(7, 0), "heads", [0], 1)
    with pytest.raises(ValueError, match="has 3 heads here, got choices for 5"):
        ablated(model, pixels, [Ablation(FIRST, "heads", torch.zeros(1, 5, dtype=torch.bool))])
    windows = tiny_model(mixers=("window", "conv", "super", "super"), window=4)
    with pytest.raises(ValueError, match="inside windows and has no super tokens"):
        Ablation.of(windows, FIRST, "super_tokens", [0], 6)
    with pytest.raises(ValueError, match="convolution"):
        Ablation.of(windows, BlockId(1, 0), "heads", [0], 2)
    assert isinstance(windows.blocks()[LAST].attention, SuperTokenAttention)
    ablated(windows, pixels.float(), [Ablation.of(windows, FIRST, "heads", [0], 3, "mean")])
