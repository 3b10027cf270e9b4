"""Captures are faithful, leave nothing behind, and see their own run only."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import FrozenInstanceError, fields
from functools import partial
from importlib import import_module
from types import SimpleNamespace

import pytest
import torch
from tiny import tiny_model, tiny_pixels
from tolerances import NETWORK, OPERATOR, assert_close
from torch import Tensor, nn

from stvit import Association, BlockId, BlockRecord, Capture, CellAssociation, STViT, TapError, TokenGrid, capture
from stvit.attention import Associate, Tap

capture_module = import_module("stvit.capture")  # `stvit.capture` is the function

FIRST, LATER = BlockId(0, 0), BlockId(1, 0)
BLOCKS = [BlockId(0, 0), BlockId(0, 1), BlockId(1, 0), BlockId(2, 0), BlockId(3, 0)]
WITH_SUPER_TOKENS = BLOCKS[:4]


@pytest.fixture
def model() -> STViT:
    return tiny_model()


@pytest.fixture
def pixels() -> Tensor:
    return tiny_pixels()


def assert_untouched(model: STViT, training: bool = False) -> None:
    """Fail if a capture left a hook, a listening recorder or another mode behind."""
    for name, module in model.named_modules():
        hooks = (module._forward_hooks, module._forward_pre_hooks, module._backward_hooks)
        assert not any(hooks), name
        assert module.training == training, name
    assert not capture_module._active.__dict__.get("stack")
    assert model not in capture_module._evaluated


def same(one: Capture, other: Capture) -> bool:
    """Return whether two captures hold the same numbers, bit by bit."""
    pairs = [(one.logits, other.logits)]
    for mine, theirs in zip(one.values(), other.values(), strict=True):
        pairs += [(getattr(mine, name), getattr(theirs, name)) for name in ("tokens", "super_tokens", "output")]
        pairs += [(mine.super_query, theirs.super_query), (mine.association.weight, theirs.association.weight)]
    return all(torch.equal(*pair) for pair in pairs)


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
    known = {f"stages.{b.stage}.blocks.{b.block}.attention.{t}" for b in BLOCKS for t in capture_module._TAPS if t}
    assert set(taps) == known


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


def test_a_tap_that_fires_twice_raises(model: STViT, pixels: Tensor) -> None:
    block = model.blocks()[LATER]
    once = block.forward
    block.forward = lambda features: once(once(features))
    with pytest.raises(TapError, match="Tap 'associate' of stage 2, block 1 fired twice in one run"):
        capture(model, pixels)
    assert_untouched(model)


# Captures within captures, and beside each other.


def test_a_swap_may_capture_or_run_the_model_itself(model: STViT, pixels: Tensor) -> None:
    other, expected = tiny_pixels(1, 64, 64), capture(model, pixels)
    inner: list[Capture] = []

    def swap(tokens: Tensor, grid: TokenGrid, learned: CellAssociation) -> CellAssociation:
        inner.append(capture(model, other))
        model(other)
        return learned

    outer = capture(model, pixels, association=swap)
    assert same(outer, expected)
    assert len(inner) == len(WITH_SUPER_TOKENS)
    assert all(same(one, capture(model, other)) for one in inner)
    assert_untouched(model)


@contextmanager
def paused(model: STViT, work: Callable[[], object]) -> Iterator[Callable[[], object]]:
    """Run work in another thread up to stage 2; the function given lets it go on and returns its result."""
    reached, go_on, thread_id = threading.Event(), threading.Event(), []

    def wait(*_: object) -> None:
        if threading.get_ident() in thread_id:
            reached.set()
            assert go_on.wait(30)

    def run() -> object:
        thread_id.append(threading.get_ident())
        return work()

    def finish() -> object:
        go_on.set()
        return future.result(30)

    handle = model.stages[1].register_forward_pre_hook(wait)
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(run)
        assert reached.wait(30)
        try:
            yield finish
        finally:
            go_on.set()
            handle.remove()


def test_another_thread_neither_sees_nor_disturbs_a_capture(model: STViT, pixels: Tensor) -> None:
    other = tiny_pixels(1, 64, 96)
    expected, expected_other = capture(model, pixels), capture(model, other)
    with paused(model, lambda: capture(model, pixels)) as finish:
        with torch.no_grad():
            assert torch.equal(model(other), expected_other.logits)
        assert same(capture(model, other), expected_other)
        assert same(finish(), expected)
    assert_untouched(model)


def test_without_the_thread_guard_a_capture_sees_other_threads(
    model: STViT, pixels: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Shows that the test above can fail: with recorders shared by all threads the foreign run is recorded too.
    monkeypatch.setattr(capture_module, "_active", SimpleNamespace())
    with paused(model, lambda: capture(model, pixels)) as finish:
        with pytest.raises(TapError, match="fired twice"):
            model(pixels)
        finish()


def test_many_captures_in_threads_get_their_own_results(model: STViT) -> None:
    images = [tiny_pixels(1, 32 + 8 * i, 64) for i in range(4)]
    expected = [capture(model, image) for image in images]
    swapped = [capture(model, image, association="grid") for image in images]

    def repeat(i: int) -> bool:
        right = [same(capture(model, images[i]), expected[i]) for _ in range(3)]
        right += [same(capture(model, images[i], association="grid"), swapped[i]) for _ in range(3)]
        return all(right)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(repeat, range(4)))
    assert_untouched(model)


def test_the_model_stays_in_evaluation_mode_until_the_last_capture_ends(model: STViT, pixels: Tensor) -> None:
    expected = capture(model, pixels)
    model.train()
    work = partial(capture, model, pixels)
    with paused(model, work) as finish_first, paused(model, work) as finish_last:
        assert same(finish_first(), expected)
        assert not model.training  # or the last one would go on with batch statistics
        assert same(finish_last(), expected)
    assert_untouched(model, training=True)


def test_hooks_are_attached_by_one_thread_at_a_time(
    model: STViT, pixels: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    # PyTorch gives hooks numbers from a counter without a lock: two at once would overwrite each other.
    attach, inside = capture_module._attach, []

    def slow_attach(*arguments: object) -> object:
        inside.append(1)
        time.sleep(0.001)
        assert len(inside) == 1
        inside.pop()
        return attach(*arguments)

    monkeypatch.setattr(capture_module, "_attach", slow_attach)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: capture(model, pixels), range(2)))


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


@pytest.mark.parametrize("change", [change_by_optimiser, change_by_loading])
def test_replaying_with_other_weights_is_refused(model: STViT, pixels: Tensor, change: Callable) -> None:
    record = capture(model, pixels)[LATER]
    row = record.token_attention().row(0)
    change(model)
    for ask in (record.replay_error, record.token_query_key):
        with pytest.raises(RuntimeError, match=r"weights of stage 2, block 1 were changed after this capture .* again"):
            ask()
    assert torch.equal(record.token_attention().row(0), row)  # needs no weights
    assert capture(model, pixels).replay_error() < NETWORK[torch.float32]


def test_moving_the_model_keeps_its_records_true(model: STViT, pixels: Tensor) -> None:
    result = capture(model, pixels)
    model.double()
    assert result.replay_error() < NETWORK[torch.float32]


# Other numbers of iterations and other associations.


def with_config(model: STViT, **overrides: object) -> STViT:
    other = tiny_model(next(model.parameters()).dtype, **overrides)
    other.load_state_dict(model.state_dict())
    return other


def test_a_number_of_iterations_acts_like_the_config(model: STViT, pixels: Tensor) -> None:
    everywhere = capture(model, pixels, num_iters=4)
    assert same(everywhere, capture(with_config(model, num_iters=(4, 4, 4, 1)), pixels))
    one_stage = capture(model, pixels, num_iters={LATER: 1})
    assert same(one_stage, capture(with_config(model, num_iters=(2, 1, 1, 1)), pixels))
    assert not same(everywhere, capture(model, pixels))
    assert same(capture(model, pixels, num_iters=0), capture(model, pixels, association="grid"))


def test_a_swap_acts_in_its_block_only(model: STViT, pixels: Tensor) -> None:
    plain, swapped = capture(model, pixels), capture(model, pixels, association={LATER: "hard"})
    assert all(torch.equal(plain[block].output, swapped[block].output) for block in BLOCKS[:2])
    assert torch.equal(plain[LATER].tokens, swapped[LATER].tokens)
    assert not torch.equal(plain[LATER].output, swapped[LATER].output)
    assert torch.equal(swapped[LATER].labels(), plain[LATER].labels())
    assert swapped[BlockId(2, 0)].association.weight.shape[-1] == 9  # learned again, from other features
    only_recorded = capture(model, pixels, blocks=[FIRST], association={LATER: "hard"})
    assert torch.equal(only_recorded.logits, swapped.logits)


def grid_labels(model: STViT, pixels: Tensor) -> dict[BlockId, Tensor]:
    """Return the labels that the regular grid of each block amounts to."""
    grids = {block: record.grid for block, record in capture(model, pixels, blocks=WITH_SUPER_TOKENS).items()}
    return {block: grid.cell_index.unflatten(0, (grid.height, grid.width)) for block, grid in grids.items()}


def test_ways_to_say_grid_are_equal(model: STViT, pixels: Tensor) -> None:
    expected, labels = capture(model, pixels, association="grid"), grid_labels(model, pixels)
    batched = {block: label.expand(2, -1, -1) for block, label in labels.items()}
    objects = {block: expected[block].association for block in WITH_SUPER_TOKENS}
    names = dict.fromkeys(WITH_SUPER_TOKENS, "grid")

    def rule(tokens: Tensor, grid: TokenGrid, learned: CellAssociation) -> Association:
        return Association.from_labels(grid.cell_index.expand(len(tokens), -1), grid, tokens)

    for swap in (labels, batched, objects, names, rule):
        assert same(capture(model, pixels, association=swap), expected)
    assert_close(expected[FIRST].association.leakage(), torch.zeros(2, 24 * 25))


def test_masked_phantoms_take_nothing(model: STViT, pixels: Tensor) -> None:
    learned, masked = capture(model, pixels)[BlockId(2, 0)], capture(model, pixels, association="masked")
    for block in WITH_SUPER_TOKENS:
        association = masked[block].association
        assert association.leakage().abs().max() == 0
        assert_close(association.weight.sum(-1), torch.ones(2, association.grid.num_tokens))
    # With one iteration a softmax without phantoms is the learned one, renormalised.
    masked = capture(model, pixels, association={BlockId(2, 0): "masked"})[BlockId(2, 0)]
    kept = learned.association.weight * (learned.association.index >= 0)
    assert_close(masked.association.weight, kept / kept.sum(-1, keepdim=True))


def test_hard_puts_all_mass_on_the_learned_labels_after_other_iterations(model: STViT, pixels: Tensor) -> None:
    learned = capture(model, pixels, blocks=[FIRST], num_iters={FIRST: 5})[FIRST]
    hard = capture(model, pixels, blocks=[FIRST], num_iters={FIRST: 5}, association={FIRST: "hard"})[FIRST]
    assert torch.equal(hard.labels(), learned.labels())
    assert torch.equal(hard.association.weight, torch.ones(2, hard.grid.num_tokens, 1))


def test_blocks_with_cell_1_cannot_be_changed(model: STViT, pixels: Tensor) -> None:
    for settings in ({"num_iters": {BlockId(3, 0): 2}}, {"association": {BlockId(3, 0): "grid"}}):
        with pytest.raises(ValueError, match=r"Stage 4, block 1 has no super tokens .* among stages \[0, 1, 2\]"):
            capture(model, pixels, **settings)


# Every record can be replayed, and loses what it says.

SETTINGS: dict[str, dict[str, object]] = {
    "learned": {},
    "more iterations": {"num_iters": 3},
    "no iterations": {"num_iters": 0},
    "grid": {"association": "grid"},
    "hard": {"association": "hard"},
    "masked": {"association": "masked"},
    "empty super tokens": {"association": {FIRST: torch.full((24, 25), 3), LATER: torch.ones(12, 13).long()}},
    "soft rule": {"association": lambda tokens, grid, learned: learned.to_sparse()},
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_every_block_can_be_replayed(settings: dict[str, object], dtype: torch.dtype) -> None:
    result = capture(tiny_model(dtype), tiny_pixels(dtype=dtype), **settings)
    assert result.logits.isfinite().all()
    for block, record in result.items():
        assert record.replay_error() <= NETWORK[dtype], block.caption
        assert record.output.abs().max() > 0.01  # else the errors say nothing


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_row_sums_are_one_minus_leakage(settings: dict[str, object]) -> None:
    result = capture(tiny_model(torch.float64), tiny_pixels(dtype=torch.float64), **settings)
    for record in result.values():
        for head in (None, record.heads - 1):
            kept = record.token_attention(1).row_sums(head)
            assert_close(1 - kept, record.leakage(head)[1].flatten(), {torch.float64: 1e-11})
        assert_close(record.leakage(), record.phantom_leakage() + record.padding_leakage(), OPERATOR)


def test_empty_super_tokens_take_the_attention_that_falls_on_them(pixels: Tensor) -> None:
    labels = torch.zeros(24, 25, dtype=torch.int64)  # all tokens in one of 24 super tokens
    record = capture(tiny_model(), pixels, association={FIRST: labels})[FIRST]
    expected = 1 - record.super_attention[:, 1, 0, 0]
    assert_close(record.padding_leakage(1), expected[:, None, None].expand(2, 24, 25))
    assert record.super_tokens[:, :, 1:].abs().max() == 0


def test_other_modules_may_hook_the_model_too(model: STViT, pixels: Tensor) -> None:
    seen: list[nn.Module] = []
    handle = model.blocks()[FIRST].attention.register_forward_hook(lambda module, *_: seen.append(module))
    capture(model, pixels)
    assert len(seen) == 1
    assert len(model.blocks()[FIRST].attention._forward_hooks) == 1  # a capture removes its own hooks only
    handle.remove()
