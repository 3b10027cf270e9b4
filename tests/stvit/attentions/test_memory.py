"""Memory that attentions take over from each other: never while another one still uses it."""

from concurrent.futures import ThreadPoolExecutor

import torch

from stvit import SoftmaxAttention
from stvit.attentions.memory import borrowed


def test_nobody_gets_memory_that_is_in_use():
    like = torch.zeros(())
    with borrowed(8, like) as outer:
        with borrowed(8, like) as inner:
            inner.fill_(2)
            outer.fill_(1)
            assert inner.tolist() == [2] * 8
        with ThreadPoolExecutor(1) as pool, borrowed(8, like) as mine:
            theirs = pool.submit(lambda: borrowed(8, like).__enter__().data_ptr()).result()
            assert len({theirs, mine.data_ptr(), outer.data_ptr()}) == 3


def test_memory_fits_what_is_asked_for():
    with borrowed(4, torch.zeros(())):
        pass
    for count, dtype in ((5, torch.float32), (3, torch.float64), (3, torch.float32)):
        with borrowed(count, torch.zeros((), dtype=dtype)) as memory:
            assert memory.shape == (count,)
            assert memory.dtype == dtype


def test_attentions_that_are_read_in_turns_do_not_disturb_each_other(monkeypatch):
    for place in ("softmax", "base"):
        monkeypatch.setattr(f"stvit.attentions.{place}.BLOCK_BYTES", 2000)
    torch.manual_seed(0)
    first, other = (SoftmaxAttention(torch.randn(2, 30, 8), torch.randn(2, 30, 8), 1.0) for _ in range(2))
    seen = 0
    for one, two in zip(first.some_rows(range(30)), other.some_rows(range(30)), strict=True):
        for block, attention in ((one, first), (two, other)):
            torch.testing.assert_close(block.weight, attention.head_rows(block.start, block.stop).weight)
        seen += 1
    assert seen > 2
