"""Captures observe without changing anything, and leave nothing behind."""

import copy
import io
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields

import pytest
import torch
from torch import Tensor, nn

from analysis import ledger
from analysis.attention.baselines import global_attention, local_attention
from stvit import BlockId, BlockRecord, Capture, CellAssociation, STViT, TapError, capture
from stvit.attention import Associate, SuperTokenAttention, Tap
from stvit.capturing.mixer_taps import TAPS
from tests.support.capture_checks import BLOCKS, FIRST, LATER, assert_untouched
from tests.support.tiny import tiny_model, tiny_pixels
from tests.support.tolerances import NETWORK

# Observation changes nothing.


@torch.no_grad()
def test_logits_are_bit_identical_with_and_without(model: STViT, pixels: Tensor) -> None:
    before = model(pixels)
    assert torch.equal(capture(model, pixels).logits, before)
    assert torch.equal(capture(model, pixels, blocks=[FIRST]).logits, before)
    assert torch.equal(model(pixels), before)
    assert_untouched(model)


def test_blocks_come_in_order_and_only_those_asked_for(model: STViT, pixels: Tensor) -> None:
    everything = capture(model, pixels)
    assert list(everything) == BLOCKS
    assert everything.image_size == (96, 100)
    some = capture(model, pixels, blocks=[LATER, (0, 0), LATER])
    assert list(some) == [FIRST, LATER]
    assert torch.equal(some[LATER].output, everything[LATER].output)
    assert list(capture(model, pixels, blocks=[])) == []


@pytest.mark.parametrize("training", [False, True])
def test_training_mode_is_restored_module_by_module(model: STViT, pixels: Tensor, training: bool) -> None:
    expected = capture(model, pixels).logits
    model.train(training)
    model.stem.train(not training)
    modes = [module.training for module in model.modules()]
    assert torch.equal(capture(model, pixels).logits, expected)
    assert [module.training for module in model.modules()] == modes


def test_every_tap_fires_exactly_once_and_is_known(model: STViT, pixels: Tensor) -> None:
    fired: dict[str, int] = {}
    taps = {name: module for name, module in model.named_modules() if isinstance(module, Tap | Associate)}
    for name, tap in taps.items():
        tap.register_forward_hook(lambda *_, name=name: fired.update({name: fired.get(name, 0) + 1}))
    model(pixels)
    assert fired == dict.fromkeys(taps, 1)
    known = {f"stages.{b.stage}.blocks.{b.block}.attention.{t}" for b in BLOCKS for t in TAPS[SuperTokenAttention] if t}
    assert set(taps) == known


def test_other_modules_may_hook_the_model_too(model: STViT, pixels: Tensor) -> None:
    seen: list[nn.Module] = []
    handle = model.blocks()[FIRST].attention.register_forward_hook(lambda module, *_: seen.append(module))
    capture(model, pixels)
    assert len(seen) == 1
    assert len(model.blocks()[FIRST].attention._forward_hooks) == 1  # a capture removes its own hooks only
    handle.remove()


# Failures leave nothing behind.


class BrokenLayerError(Exception):
    pass


def fail(*_: object) -> None:
    raise BrokenLayerError


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("place", ["stem", "stages.1.blocks.0.attention.refine.qkv", "stages.3.blocks.0", "classifier"])
def test_an_exception_in_a_layer_leaves_no_hook(model: STViT, pixels: Tensor, place: str, training: bool) -> None:
    model.train(training)
    handle = model.get_submodule(place).register_forward_pre_hook(fail)
    with pytest.raises(BrokenLayerError):
        capture(model, pixels)
    handle.remove()
    assert_untouched(model, training)
    assert capture(model, pixels).replay_error() < NETWORK[torch.float32]


def test_an_exception_in_a_swap_leaves_no_hook(model: STViT, pixels: Tensor) -> None:
    with pytest.raises(BrokenLayerError):
        capture(model, pixels, association={LATER: fail})
    assert_untouched(model)


def test_an_exception_while_hooks_are_attached_leaves_no_hook(model: STViT, pixels: Tensor) -> None:
    del model.blocks()[LATER].attention.refine.tap_query_key
    with pytest.raises(AttributeError, match="tap_query_key"):
        capture(model, pixels)
    assert_untouched(model)


@pytest.mark.parametrize("blocks", [[(4, 0)], [(0, 2)], [FIRST, (-1, 0)]])
def test_an_unknown_block_is_named_with_what_there_is(model: STViT, pixels: Tensor, blocks: list) -> None:
    bad = BlockId(*blocks[-1])
    for settings in ({"blocks": blocks}, {"num_iters": {bad: 1}}, {"association": {bad: "grid"}}):
        with pytest.raises(KeyError, match=r"no block \(.*\); this model has \[2, 1, 1, 1\] blocks by stage, from 0"):
            capture(model, pixels, **settings)
    assert_untouched(model)


@pytest.mark.usefixtures("unchecked")
def test_one_block_needs_a_list_around_it(model: STViT, pixels: Tensor) -> None:
    with pytest.raises(TypeError, match=r"Blocks are given as a list of BlockId\(stage, block\), got 0"):
        capture(model, pixels, blocks=FIRST)


def test_a_tap_that_does_not_fire_raises(model: STViT, pixels: Tensor) -> None:
    model.blocks()[LATER].attention.forward = lambda tokens: tokens
    words = "Taps associate, tap_super_tokens, refine.tap_query_key of stage 2, block 1 did not fire"
    with pytest.raises(TapError, match=words):
        capture(model, pixels)
    assert_untouched(model)
    assert list(capture(model, pixels, blocks=[FIRST])) == [FIRST]


def test_a_block_without_association_raises(model: STViT, pixels: Tensor) -> None:
    attention = model.blocks()[BlockId(3, 0)].attention
    attention.forward = lambda tokens: attention.refine(*attention.tap_super_tokens(tokens))
    with pytest.raises(TapError, match="Taps associate of stage 4, block 1 did not fire"):
        capture(model, pixels)
    assert_untouched(model)


def test_a_tap_that_fires_twice_raises(model: STViT, pixels: Tensor) -> None:
    block = model.blocks()[LATER]
    once = block.forward
    block.forward = lambda features: once(once(features))
    with pytest.raises(TapError, match="Tap 'attention_norm' of stage 2, block 1 fired twice in one run"):
        capture(model, pixels)
    assert_untouched(model)


# What a record holds is frozen.


def test_records_are_detached_and_frozen(model: STViT) -> None:
    result = capture(model, tiny_pixels().requires_grad_())
    record = result[FIRST]
    tensors = [getattr(record, field.name) for field in fields(BlockRecord)]
    tensors += [record.association.weight, record.association.padding_mass, record.super_attention, record.replay()]
    tensors += [record.weights.qkv_weight, record.weights.proj_bias, result.logits, record.leakage()]
    for tensor in tensors:
        assert not isinstance(tensor, Tensor) or (tensor.grad_fn is None and not tensor.requires_grad)
    for holder, name in ((record, "tokens"), (result, "logits"), (record.association, "weight"), (record.grid, "cell")):
        with pytest.raises(FrozenInstanceError):
            setattr(holder, name, None)
    with pytest.raises(TypeError):
        result[FIRST] = record


def test_records_are_copies_of_what_the_model_computed(model: STViT, pixels: Tensor) -> None:
    computed: dict[str, Tensor] = {}
    attention = model.blocks()[FIRST].attention
    attention.register_forward_hook(lambda _, inputs, output: computed.update(tokens=inputs[0], output=output))
    attention.tap_super_tokens.register_forward_hook(lambda _, i, output: computed.update(super_tokens=output[0]))
    attention.refine.tap_query_key.register_forward_hook(
        lambda _, i, output: computed.update(super_query=output[0], super_key=output[1])
    )
    record = capture(model, pixels)[FIRST]
    assert set(computed) == {"tokens", "output", "super_tokens", "super_query", "super_key"}
    for name, tensor in computed.items():
        kept = getattr(record, name)
        assert torch.equal(kept, tensor), name
        assert kept.untyped_storage().data_ptr() != tensor.untyped_storage().data_ptr(), name
        assert kept.untyped_storage().nbytes() == kept.nbytes, name  # nothing else is kept alive


def test_what_is_equal_is_held_once(model: STViT, pixels: Tensor) -> None:
    result = capture(model, pixels)
    first, second = (result[block].association.index for block in (BlockId(0, 0), BlockId(0, 1)))
    assert first.data_ptr() == second.data_ptr()
    plain = result[BlockId(3, 0)]
    assert plain.super_tokens is plain.tokens


def test_an_association_put_in_place_is_detached(model: STViT, pixels: Tensor) -> None:
    result = capture(
        model, pixels, association=lambda _, grid, learned: CellAssociation(learned.weight.requires_grad_(), grid)
    )
    assert not any(record.association.weight.requires_grad for record in result.values())


def test_a_capture_in_inference_mode_can_be_used_outside(model: STViT, pixels: Tensor) -> None:
    with torch.inference_mode():
        result, built_here = capture(model, pixels), tiny_model()
    assert result.replay_error() < NETWORK[torch.float32]
    assert capture(built_here, pixels).replay_error() < NETWORK[torch.float32]


def change_by_optimiser(model: STViT) -> None:
    model(tiny_pixels()).sum().backward()
    torch.optim.SGD(model.parameters(), 0.1).step()


def change_by_loading(model: STViT) -> None:
    model.load_state_dict(tiny_model().state_dict())


def change_one_weight_past_autograd(model: STViT) -> None:
    weight = model.blocks()[LATER].attention.refine.proj.weight.data
    weight[3, 2] = torch.nextafter(weight[3, 2], torch.tensor(9.0))


def change_the_order_of_channels(model: STViT) -> None:
    weight = model.blocks()[LATER].attention.refine.qkv.weight.data
    weight.copy_(weight.flip(1))


def change_the_order_of_outputs(model: STViT) -> None:
    weight = model.blocks()[LATER].attention.refine.proj.weight.data
    weight.copy_(weight.flip(0))


def change_a_bias(model: STViT) -> None:
    model.blocks()[LATER].attention.refine.proj.bias.data.copy_(torch.arange(16))


CHANGES = [
    change_by_optimiser,
    change_by_loading,
    change_one_weight_past_autograd,
    change_the_order_of_channels,
    change_the_order_of_outputs,
    change_a_bias,
]


@pytest.mark.parametrize("change", CHANGES)
def test_replaying_with_other_weights_is_refused(model: STViT, pixels: Tensor, change: Callable) -> None:
    record = capture(model, pixels)[LATER]
    row = record.token_attention().row(0)
    change(model)
    for ask in (record.replay_error, record.token_query_key):
        with pytest.raises(RuntimeError, match=r"weights of stage 2, block 1 were changed after this capture .* again"):
            ask()
    assert torch.equal(record.token_attention().row(0), row)  # needs no weights
    assert capture(model, pixels).replay_error() < NETWORK[torch.float32]


def pickled(result: Capture) -> Capture:
    return pickle.loads(pickle.dumps(result))


def saved(result: Capture) -> Capture:
    file = io.BytesIO()
    torch.save(result, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


@pytest.mark.parametrize("copied", [pickled, saved, copy.deepcopy, copy.copy])
def test_a_copy_of_a_capture_keeps_all_it_knows(model: STViT, pixels: Tensor, copied: Callable) -> None:
    result = capture(model, pixels)
    result[FIRST].labels()  # what is computed once travels too
    again = copied(result)
    if copied is not copy.copy:
        change_by_loading(model)  # the copy has weights of its own
    assert list(again) == list(result)
    assert again.replay_error() < NETWORK[torch.float32]
    for block in result:
        tokens = result[block].tokens[1]
        assert torch.equal(again[block].tokens[1], tokens)
        assert global_attention(again[block], 1).num_tokens == tokens[0].numel()
        assert torch.isfinite(local_attention(again[block]).row(0)).all()


def test_moving_the_model_keeps_its_records_true(model: STViT, pixels: Tensor) -> None:
    result = capture(model, pixels)
    model.double()
    assert result.replay_error() < NETWORK[torch.float32]


# Whatever does not fit is said in one sentence.

PIXELS = torch.zeros(1, 3, 32, 32)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("pixels", "error", "words"),
    [
        (PIXELS.numpy(), TypeError, r"a tensor of shape \(batch, 3, height, width\), got ndarray; .* torch.from_numpy"),
        ([0.0], TypeError, "a tensor of shape .* got list"),
        (PIXELS[:0], ValueError, r"at least one picture, got pixels of shape \(0, 3, 32, 32\)"),
        (PIXELS[0], ValueError, r"pixels of shape \(batch, 3, height, width\), got \(3, 32, 32\)"),
        (PIXELS.expand(1, 3, 32, 32)[:, :2], ValueError, r"got \(1, 2, 32, 32\)"),
        (PIXELS[..., :0], ValueError, r"got \(1, 3, 32, 0\)"),
        (PIXELS.int(), TypeError, "floating point numbers, got torch.int32"),
        (PIXELS.double(), TypeError, "type torch.float32, got torch.float64"),
        (PIXELS / 0, ValueError, r"finite pixels, got some that are infinite or NaN"),
        (PIXELS + torch.inf, ValueError, "finite pixels"),
        (PIXELS.to_sparse(), TypeError, r"a dense tensor, got one of torch.sparse_coo; convert it with .to_dense"),
        (PIXELS.to("meta"), ValueError, r"pixels are on meta, but the model is on cpu; move one of them with .to"),
    ],
)
def test_pixels_that_do_not_fit(model: STViT, pixels: object, error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        capture(model, pixels)
    assert_untouched(model)


@pytest.mark.usefixtures("unchecked")
def test_what_is_no_model() -> None:
    for wrong, words in (
        (None, "runs an STViT, got NoneType."),
        ("demo", "got str."),
        (nn.Sequential(tiny_model()), "got Sequential; pass the STViT inside it"),
    ):
        with pytest.raises(TypeError, match=words):
            capture(wrong, PIXELS)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"blocks": 3}, TypeError, r"a list of BlockId\(stage, block\), got 3"),
        ({"blocks": "00"}, TypeError, r"a list of BlockId\(stage, block\), got '00'"),
        ({"blocks": [("0", 1)]}, TypeError, r"got \('0', 1\) for one of them"),
        ({"num_iters": 10**9}, ValueError, "num_iters must be a whole number from 0 to 32"),
        ({"num_iters": {FIRST: 1.5}}, ValueError, "num_iters must be a whole number"),
        ({"num_iters": "two"}, ValueError, "num_iters must be a whole number"),
        ({"association": "soup"}, ValueError, "no association named 'soup'; known are grid, hard and masked"),
        ({"association": 3}, TypeError, "can be replaced by a name, a tensor of labels"),
    ],
)
def test_settings_that_do_not_fit(model: STViT, settings: dict, error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        capture(model, PIXELS, **settings)
    assert_untouched(model)


def test_weights_that_overflow_are_named(model: STViT) -> None:
    pixels = torch.randn(1, 3, 64, 96)
    capture(model, pixels).check_finite()
    with torch.no_grad():
        model.blocks()[LATER].attention.refine.qkv.weight.mul_(1e39)
    with pytest.raises(
        ValueError, match=r"not finite for these pixels, first in the attention of stage 2, block 1: its"
    ):
        capture(model, pixels).check_finite()
    with pytest.raises(ValueError, match=r"not finite for these pixels: its weights overflow"):
        capture(model, pixels, blocks=[FIRST]).check_finite()
    with pytest.raises(ValueError, match="not finite for these pixels"):
        ledger(capture(model, pixels), metrics="entropy")
