"""Sorting on several threads gives what sorting does."""

from collections.abc import Iterator

import pytest
import torch

from analysis.sorting import SMALL, sorted_rows


@pytest.fixture(params=[1, 2, 5])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(3, 4, SMALL // 4), (7, SMALL), (1, 2 * SMALL), (2, 5), (3, 1), (0, 4)])
def test_rows_are_sorted_and_the_input_is_left_alone(shape, dtype):
    values = torch.randn(shape, dtype=dtype)
    before = values.clone()
    assert torch.equal(sorted_rows(values), values.sort(-1).values)
    assert torch.equal(values, before)


def test_rows_that_are_views():
    values = torch.randn(6, 50)
    assert torch.equal(sorted_rows(values.T), values.T.sort(-1).values)
    assert torch.equal(sorted_rows(values[:1].expand(4, -1)), values[:1].sort(-1).values.expand(4, -1))
