import pytest
import torch

from analysis.redundancy.sorting import sorted_rows


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(3, 4, 1000), (7, 5000), (2, 5), (3, 1), (0, 4)])
def test_rows_are_sorted_and_the_input_is_left_alone(shape, dtype):
    values = torch.randn(shape, dtype=dtype)
    before = values.clone()
    assert torch.equal(sorted_rows(values), values.sort(-1).values)
    assert torch.equal(values, before)


def test_rows_that_are_views():
    values = torch.randn(6, 50)
    assert torch.equal(sorted_rows(values.T), values.T.sort(-1).values)
    assert torch.equal(sorted_rows(values[:1].expand(4, -1)), values[:1].sort(-1).values.expand(4, -1))
