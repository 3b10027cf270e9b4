"""How long a ledger is expected to take: in proportion to what it reads."""

import pytest

from analysis.redundancy.expense import RANK_SECONDS, ROW_SECONDS, exact_seconds
from stvit import TokenGrid


def test_it_grows_with_the_pairs_of_tokens_and_the_heads():
    small, large = TokenGrid(16, 16), TokenGrid(32, 32)
    one = exact_seconds([(small, 1)], ["super"], 1)
    assert one == pytest.approx(256**2 * ROW_SECONDS)
    assert exact_seconds([(large, 1)], ["super"], 1) == pytest.approx(16 * one)
    assert exact_seconds([(small, 3), (small, 2)], ["super", "grid"], 2) == pytest.approx(5 * one)


def test_only_ranks_that_are_estimated_cost_more():
    for side, ranks in ((32, 0.0), (33, RANK_SECONDS)):
        block = (TokenGrid(side, side), 1)
        assert exact_seconds([block], ["global"], 1) == pytest.approx(side**4 * (ROW_SECONDS + ranks))
        assert exact_seconds([block], ["global"], 1, ranks=False) == pytest.approx(side**4 * ROW_SECONDS)


def test_windows_read_their_own_tokens_only():
    assert exact_seconds([(TokenGrid(100, 100), 1)], ["local"], 1) == pytest.approx(1e4 * 49 * ROW_SECONDS)
