"""Compiled passes over rows: against loops in double precision and against the same metrics in double precision."""

from itertools import combinations

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cosine, jensenshannon

from analysis.redundancy.catalogue import CATALOGUE
from analysis.redundancy.compiled_rows import CompiledRows
from analysis.redundancy.pieces import is_of_rows, metrics_of_rows
from analysis.redundancy.row_metrics import RowMetrics, RowSettings
from analysis.redundancy.row_sums import logarithm
from analysis.redundancy.token_layout import TokenLayout
from stvit import RowBlock, TokenGrid
from tests.support.attention_loops import row_metrics

GRIDS = [(1, 1), (1, 9), (5, 8), (23, 29), (32, 33)]
TALL, WIDE = 4.0, 6.0
SETTINGS = RowSettings(neighbourhood=5, top_k=3)
TINY = float(np.finfo(np.float32).tiny)


def random_rows(count, seed=0):
    return np.random.default_rng(seed).standard_gamma(0.5, count)


def one_hot(count):
    return np.eye(1, count, count // 2)[0]


def tied(count):
    return np.where(np.arange(count) % 3, 1.0, 3.0)


def sharp(count):
    return np.exp(-np.arange(count, dtype=float))[::-1]


KINDS = {
    "random": random_rows,
    "uniform": np.ones,
    "nearly uniform": lambda count: 1 + 1e-4 * random_rows(count),
    "one-hot": one_hot,
    "tied": tied,
    "sharp": sharp,
    "no mass": np.zeros,
    "small": lambda count: 1e-20 * random_rows(count),
    "large": lambda count: 1e33 * tied(count),
    "hardly any mass": lambda count: 2 * TINY * tied(count) / tied(count).sum(),
    "less mass than has full precision": lambda count: 0.1 * TINY * tied(count) / tied(count).sum(),
}


def measured(weight, grid, anchors):
    """All metrics of compiled rows by name."""
    block = RowBlock(0, torch.tensor(np.asarray(weight, np.float32)), None, grid.num_tokens, torch.as_tensor(anchors))
    rows = metrics_of_rows(block, TokenLayout.of(grid, (TALL, WIDE)), SETTINGS)
    assert isinstance(rows, CompiledRows)
    return values_of(rows), block


def values_of(rows):
    values = {metric.name: metric.compute(rows) for metric in CATALOGUE.values() if is_of_rows(metric)}
    return {name: value.double().numpy() for name, value in values.items() if value is not None}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", GRIDS)
def test_every_kind_of_row_follows_the_definitions(shape, kind):
    grid = TokenGrid(*shape)
    row = np.asarray(KINDS[kind](grid.num_tokens), np.float32)
    for anchor in {0, grid.num_tokens // 2, grid.num_tokens - 1}:
        got, _ = measured(row[None, None], grid, [anchor])
        kept = row.astype(np.float64) * (row.sum(dtype=np.float64) >= TINY)
        expected = row_metrics(kept, anchor, grid, TALL, WIDE, SETTINGS.neighbourhood, SETTINGS.top_k)
        expected["mass"] = row.sum(dtype=np.float64)
        for name, value in expected.items():
            assert got[name].item() == pytest.approx(value, rel=2e-6, abs=2e-6 * (name != "mass")), (anchor, name)


@pytest.mark.parametrize("heads", [1, 2, 3, 8])
@pytest.mark.parametrize("shape", GRIDS)
def test_all_metrics_agree_with_double_precision(shape, heads):
    grid = TokenGrid(*shape)
    rows = min(grid.num_tokens, 7)
    weight = np.stack([random_rows(rows * grid.num_tokens, head).reshape(rows, -1) for head in range(heads)])
    weight[:, rows // 2] *= 1e-6
    weight[-1, -1] = 0
    anchors = np.arange(rows)[::-1].copy()
    got, block = measured(weight, grid, anchors)
    wide = RowBlock(0, block.weight.double(), None, block.num_tokens, block.chosen)
    expected = values_of(RowMetrics(wide, TokenLayout.of(grid, (TALL, WIDE)), SETTINGS))
    assert got.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(got[name], values, rtol=2e-6, atol=5e-7, err_msg=name)
    rows = metrics_of_rows(block, TokenLayout.of(grid, 1), SETTINGS)
    share = block.weight.double() / rows.mass.double().where(rows.mass > 0, torch.inf).unsqueeze(-1)
    received = np.ones((heads, grid.num_tokens))
    rows.add_received(received)
    np.testing.assert_allclose(received, 1 + share.sum(1), rtol=2e-6)


def test_pairs_of_heads_against_scipy():
    grid = TokenGrid(6, 7)
    weight = random_rows(4 * 2 * 42).reshape(4, 2, 42).astype(np.float32)
    block = RowBlock(0, torch.from_numpy(weight), None, 42)
    rows = metrics_of_rows(block, TokenLayout.of(grid, 1), SETTINGS)
    for pair, (first, other) in enumerate(combinations(weight.astype(np.float64), 2)):
        for row in range(2):
            both = first[row], other[row]
            assert rows.pair_divergence[pair, row] == pytest.approx(jensenshannon(*both) ** 2, abs=5e-7)
            assert rows.pair_cosine[pair, row] == pytest.approx(1 - cosine(*both), abs=5e-7)


def test_equal_heads_differ_by_nothing():
    weight = np.tile(np.asarray(random_rows(1200), np.float32), (3, 1, 1))
    got, _ = measured(weight, TokenGrid(30, 40), [7])
    np.testing.assert_allclose(got["head_divergence"], 0, atol=1e-7)
    np.testing.assert_allclose(got["head_cosine"], 1, rtol=1e-6)


def test_rows_of_a_slice_are_read_where_they_lie():
    grid = TokenGrid(4, 6)
    whole = torch.rand(2, 24, 24)
    block = RowBlock(5, whole[:, 5:9], None, 24)
    assert not block.weight.is_contiguous()
    rows = metrics_of_rows(block, TokenLayout.of(grid, 1), SETTINGS)
    torch.testing.assert_close(rows.mass, whole[:, 5:9].sum(-1))


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 3e38])
def test_what_is_not_finite_has_a_mass_that_is_not(wrong):
    weight = np.ones((2, 3, 600))
    weight[1, 2, 17:20] = wrong
    got, _ = measured(weight, TokenGrid(20, 30), [0, 1, 2])
    finite = np.isfinite(got["mass"])
    assert finite.sum() == 5
    assert not finite[1, 2]


def test_only_dense_rows_of_at_most_single_precision_are_compiled():
    layout, weight = TokenLayout.of(TokenGrid(1, 4), 1), torch.rand(1, 1, 4)
    for block, compiled in (
        (RowBlock(0, weight, None, 4), True),
        (RowBlock(0, weight.half(), None, 4), True),
        (RowBlock(0, weight.double(), None, 4), False),
        (RowBlock(0, weight, torch.arange(4)[None], 4), False),
    ):
        assert isinstance(metrics_of_rows(block, layout, SETTINGS), CompiledRows) == compiled


def test_the_logarithm_is_right_to_1e_7():
    x = np.exp(np.random.default_rng(0).uniform(np.log(TINY), np.log(3e38), 20000)).astype(np.float32)
    x = np.concatenate([x, np.linspace(0.5, 2, 2001, dtype=np.float32), np.float32([TINY])])
    powers, rests = np.transpose([logarithm(one) for one in x]).astype(np.float64)
    exact = np.log(x.astype(np.float64))
    np.testing.assert_allclose(powers * np.log(2) + rests, exact, rtol=1.3e-7)
