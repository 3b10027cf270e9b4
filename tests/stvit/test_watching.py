"""Work that is watched: the same numbers to the bit, told block by block, and ended wherever somebody wants."""

from concurrent.futures import ThreadPoolExecutor
from threading import get_ident

import pytest
import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode

from stvit import BlockId, capture, watching
from stvit.watching import Watching, parameters_of
from tests.support.capture_checks import assert_untouched, same
from tests.support.tiny import CONFIG, tiny_model, tiny_pixels

MIXERS = {"super": ("super",) * 4, "others": ("conv", "window", "global", "super")}


def nobody(block, share) -> None:
    """Listen to nothing."""


class Kernel(TorchFunctionMode):
    """Collects how many queries each call of PyTorch's attention is given."""

    def __init__(self) -> None:
        super().__init__()
        self.queries: list[int] = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func is F.scaled_dot_product_attention:
            self.queries.append(args[0].shape[-2])
        return func(*args, **kwargs or {})


def attended(*tensors, **named) -> tuple[torch.Tensor, list[int]]:
    """Return an attention that is watched, and how many queries each call of the kernel was given."""
    with Kernel() as kernel, Watching({}, nobody):
        return F.scaled_dot_product_attention(*tensors, **named), kernel.queries


@pytest.fixture
def small_parts(monkeypatch) -> None:
    """Cut attention into parts of 256 queries."""
    monkeypatch.setattr(watching, "WEIGHTS_AT_ONCE", 1)


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("tokens", [256, 768, 1000, 2560])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_attention_in_parts_is_the_same(tokens, dtype):
    tensors = torch.randn(3, 2, 3, tokens, 16, dtype=dtype)
    found, queries = attended(*tensors, scale=0.3)
    torch.testing.assert_close(found, F.scaled_dot_product_attention(*tensors, scale=0.3))
    assert queries == [256] * (tokens // 256) + [tokens % 256] * bool(tokens % 256)


def test_parts_as_large_as_those_of_long_attention_are_the_same_to_the_bit(monkeypatch):
    monkeypatch.setattr(watching, "WEIGHTS_AT_ONCE", 1024 * 3000 + 5)
    tensors = torch.randn(3, 1, 1, 3000, 32)
    found, queries = attended(*tensors)
    assert queries == [1024, 1024, 952]
    assert torch.equal(found, F.scaled_dot_product_attention(*tensors))


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("named", [{"is_causal": True}, {"attn_mask": torch.ones(600, 600, dtype=torch.bool).tril()}])
def test_attention_that_treats_queries_differently_is_not_cut(named):
    tensors = torch.randn(3, 1, 2, 600, 16)
    found, queries = attended(*tensors, **named)
    assert queries == [600]
    torch.testing.assert_close(found, F.scaled_dot_product_attention(*tensors, **named))


@pytest.mark.parametrize("mixers", MIXERS.values(), ids=MIXERS)
def test_a_capture_and_its_replay_are_told_block_by_block_and_stay_the_same(mixers):
    model, pixels, told = tiny_model(mixers=mixers), tiny_pixels(1), []
    expected = capture(model, pixels)
    with Watching(parameters_of(model.blocks()), lambda block, share: told.append(block)):
        found = capture(model, pixels)
    assert same(found, expected)
    assert list(dict.fromkeys(told)) == [None, *model.blocks()]
    told.clear()
    tokens = {block: [record.tokens] for block, record in found.items()}
    with Watching(tokens, lambda block, share: told.append(block)):
        assert found.replay_error() == expected.replay_error()
    assert list(dict.fromkeys(told))[-len(tokens) :] == list(model.blocks())


@pytest.mark.usefixtures("small_parts")
def test_the_share_of_an_attention_grows_and_begins_anew_in_the_next_block():
    model, told = tiny_model(cells=(1, 1, 1, 1)), []
    with Watching(parameters_of(model.blocks()), lambda *where: told.append(where)), torch.no_grad():
        model(tiny_pixels(1, 128, 128))  # 1,024 tokens in the first stage, in four parts
    for block in (BlockId(0, 0), BlockId(0, 1)):
        shares = [share for one, share in told if one == block]
        assert sorted(set(shares)) == [0, 0.25, 0.5, 0.75, 1]
        assert shares == sorted(shares)


class GaveUp(BaseException):
    """What Streamlit raises to end a run of the script is no Exception either."""


def test_it_ends_wherever_it_is_told_and_leaves_nothing_behind():
    model, pixels, seen = tiny_model(), tiny_pixels(1), []

    def leave(block, share) -> None:
        seen.append(block)
        if block == BlockId(1, 0):
            raise GaveUp

    with pytest.raises(GaveUp), Watching(parameters_of(model.blocks()), leave):
        capture(model, pixels)
    assert seen.count(BlockId(1, 0)) == 1
    assert torch.is_grad_enabled()
    assert_untouched(model)
    assert len(capture(model, pixels)) == sum(CONFIG.depths)


def test_other_threads_are_not_watched():
    told: list[int] = []
    with Watching({}, lambda *where: told.append(get_ident())), ThreadPoolExecutor(1) as pool:
        pool.submit(torch.neg, torch.ones(1)).result()
        torch.neg(torch.ones(1))
    assert set(told) == {get_ident()}
