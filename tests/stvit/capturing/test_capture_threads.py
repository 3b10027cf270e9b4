"""Captures within captures and beside each other see their own run only."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from stvit import (
    Capture,
    CellAssociation,
    STViT,
    TapError,
    TokenGrid,
    capture,
)
from tests.support.capture_checks import WITH_SUPER_TOKENS, assert_untouched, capture_module, same
from tests.support.tiny import tiny_pixels


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
