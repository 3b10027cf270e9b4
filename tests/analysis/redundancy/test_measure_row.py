"""The figures beside one row, against closed forms and the streamed library."""

import math

import numpy as np
import pytest
import torch

from analysis.redundancy.measure import measure_row, per_token
from stvit import SoftmaxAttention, TokenGrid

GRID = TokenGrid(9, 12)


def test_uniform_row_has_the_largest_entropy():
    summary = measure_row(np.full(108, 1 / 108, np.float32), GRID, 40, 4)
    assert summary["entropy"] == pytest.approx(math.log(108), abs=1e-6)
    assert summary["mass"] == pytest.approx(1)
    assert summary["tokens_for_90"] == math.ceil(0.9 * 108)


def test_own_token_alone_has_no_spread_and_no_reach():
    row = np.zeros(108, np.float32)
    row[40] = 0.25
    summary = measure_row(row, GRID, 40, 4)
    assert (summary["mass"], summary["entropy"], summary["distance"], summary["local_mass"]) == (0.25, 0, 0, 1)
    assert summary["tokens_for_90"] == 1


def test_distance_is_measured_in_pixels():
    row = np.zeros(108)
    row[GRID.token(3 + 3, 4 + 4)] = 0.5  # a triangle of sides 3, 4, 5 tokens
    summary = measure_row(row, GRID, GRID.token(3, 4), 8)
    assert summary["distance"] == pytest.approx(5 * 8)
    assert summary["local_mass"] == 0  # 4 columns away, the window reaches 3


def test_agrees_with_the_streamed_library():
    torch.manual_seed(0)
    source = SoftmaxAttention(torch.randn(1, 108, 8), torch.randn(1, 108, 8), 1.0)
    streamed = per_token(source, GRID, 4)
    summary = measure_row(source.row(17).numpy(), GRID, 17, 4)
    assert summary["entropy"] == pytest.approx(streamed["entropy"][0, 17], rel=1e-5)
    assert summary["distance"] == pytest.approx(streamed["distance"][0, 17], rel=1e-5)


def test_empty_row_gives_zeros():
    assert measure_row(np.zeros(108), GRID, 0, 4)["tokens_for_90"] == 0


def test_a_weight_that_is_not_finite_is_named():
    with pytest.raises(ValueError, match="not finite; its queries, keys"):
        measure_row(np.full(108, np.nan), GRID, 0, 4)


def test_refuses_another_grid():
    with pytest.raises(ValueError, match="108 tokens but the row 100"):
        measure_row(np.zeros(100), GRID, 0, 4)
