"""A sample of rows: unbiased, with an error that is never stated too small, and what it cannot tell left out."""

import numpy as np
import pandas as pd
import pytest
import torch

from analysis import DenseAttention, ledger, measure
from analysis.attention.baselines import UniformAttention
from analysis.redundancy.catalogue import CATALOGUE
from analysis.redundancy.row_sample import RowSample, draw_rows, snake
from stvit import BlockId, RowBlock, SoftmaxAttention, TokenGrid, WindowedAttention, capture
from tests.support.memory import LargestTensor
from tests.support.random_attention import token_attention
from tests.support.tiny import tiny_model, tiny_pixels

GRID = TokenGrid(13, 11, 4)
DRAWS = 2_000
OF_ROWS = [name for name, metric in CATALOGUE.items() if metric.scope == "token" and metric.takes == "rows"]


def smooth_attention(grid=GRID):
    """An attention whose rows change slowly over the grid, as those of a network do."""
    row, column = np.divmod(np.arange(grid.num_tokens), grid.width)
    apart = (row[:, None] - row) ** 2 + (column[:, None] - column) ** 2
    reach = 1 + 0.4 * row + np.array([0.0, 0.3])[:, None] * column
    return DenseAttention(torch.from_numpy(np.exp(-apart[None] / reach[:, :, None] ** 2)))


def local(grid=GRID):
    query, key = 2 * torch.randn(2, 2, grid.num_tokens, 4, dtype=torch.float64)
    return WindowedAttention(query, key, 0.5, grid.height, grid.width, 3)


def plain(grid=GRID):
    return SoftmaxAttention(*(2 * torch.randn(2, 2, grid.num_tokens, 4, dtype=torch.float64)), 0.5)


ATTENTIONS = {"smooth": smooth_attention, "super": lambda: token_attention(GRID), "global": plain, "local": local}


@pytest.mark.parametrize("anchors", [7, 36, 100])
@pytest.mark.parametrize("make", ATTENTIONS.values(), ids=ATTENTIONS)
def test_2000_draws_agree_with_the_exact_mean_and_with_the_stated_error(make, anchors):
    maps = measure(make(), GRID, 4, OF_ROWS).per_token
    exact = np.concatenate([maps[name] for name in OF_ROWS])  # every metric and head, a line each
    samples = [draw_rows(GRID, anchors, seed) for seed in range(DRAWS)]
    estimates = np.array([sample.mean(exact[:, sample.tokens.numpy()]) for sample in samples])
    stated = np.array([sample.standard_error(exact[:, sample.tokens.numpy()]) ** 2 for sample in samples])
    spread = np.std(estimates, axis=0, ddof=1)
    off = estimates.mean(0) - exact.mean(1)
    assert (np.abs(off) <= 4.5 * spread / DRAWS**0.5 + 1e-12).all()
    assert (stated.mean(0) >= 0.88 * spread**2 - 1e-20).all()  # 0.88: the variance is itself found by sampling


def test_the_stated_error_is_close_where_neighbours_are_alike():
    values = np.random.default_rng(0).normal(size=(1, 144))
    grid = TokenGrid(12, 12, 4)
    samples = [draw_rows(grid, 36, seed) for seed in range(DRAWS)]
    found = [sample.mean(values[:, sample.tokens.numpy()])[0] for sample in samples]
    stated = [sample.standard_error(values[:, sample.tokens.numpy()])[0] ** 2 for sample in samples]
    order = snake(12, 12, 36)
    within = values[0, order].reshape(36, 4)
    assert np.var(found, ddof=1) == pytest.approx(within.var(1).mean() / 36, rel=0.15)  # the formula of the variance
    between = ((within.mean(1)[::2] - within.mean(1)[1::2]) ** 2).sum() / 36**2
    assert np.mean(stated) == pytest.approx(within.var(1).mean() / 36 + between, rel=0.05)


@pytest.mark.parametrize(
    ("height", "width", "anchors"), [(56, 56, 256), (13, 11, 7), (1, 40, 6), (40, 1, 6), (9, 9, 80)]
)
def test_strata_are_near_equal_compact_and_cover_the_grid(height, width, anchors):
    order = snake(height, width, anchors)
    assert sorted(order) == list(range(height * width))
    sample = draw_rows(TokenGrid(height, width), anchors, 5)
    assert len(sample.tokens) == len(sample.sizes) == anchors
    assert sample.sizes.sum() == height * width
    assert np.ptp(sample.sizes) <= 1
    side = (height * width / anchors) ** 0.5
    for stratum, token in zip(np.split(order, sample.sizes.cumsum()[:-1]), sample.tokens.tolist(), strict=True):
        assert token in stratum
        row, column = np.divmod(stratum, width)
        if min(height, width) > side:
            assert max(np.ptp(row), np.ptp(column)) <= 2 * side + 1


def test_every_token_of_a_stratum_is_drawn_alike_often():
    counts = np.zeros(20)
    for seed in range(DRAWS):
        counts[draw_rows(TokenGrid(4, 5), 5, seed).tokens.numpy()] += 1
    assert np.abs(counts - DRAWS / 4).max() < 5 * (DRAWS * 3 / 16) ** 0.5


def test_a_lone_last_stratum_and_strata_of_one_token():
    values = np.array([[1.0, 3.0, 7.0]])
    sample = RowSample(torch.arange(3), np.array([2, 2, 2]))
    assert sample.standard_error(values)[0] == pytest.approx(((2**2 + 4**2) / 9) ** 0.5)
    assert RowSample(torch.arange(2), np.array([1, 1])).standard_error(values[:, :2])[0] == 0


@pytest.mark.parametrize("make", ATTENTIONS.values(), ids=ATTENTIONS)
def test_measure_takes_rows_of_a_sample(make):
    attention = make()
    exact = measure(attention, GRID, 4)
    got = measure(attention, GRID, 4, anchors=30, seed=3)
    sample = draw_rows(GRID, 30, 3)
    for name in OF_ROWS:
        values = exact.per_token[name][:, sample.tokens.numpy()]
        np.testing.assert_allclose(got.per_head[name], sample.mean(values), atol=1e-12, err_msg=name)
        np.testing.assert_allclose(got.stderr[name], sample.standard_error(values), atol=1e-12, err_msg=name)
    assert set(got.stderr) == set(OF_ROWS)


@pytest.mark.parametrize("make", [plain, token_attention], ids=["global", "super"])
def test_a_sample_builds_nothing_of_all_pairs(make):
    grid, anchors = TokenGrid(24, 32, 8), 10
    attention = make(grid)
    with LargestTensor() as largest:
        measure(attention, grid, 4, anchors=anchors)
    of_rows = 8 * attention.heads * anchors * (768 + 16)  # tokens are counted in runs of 28, the last one filled up
    of_distances = 8 * (2 * 24 - 1) * (2 * 32 - 1)
    of_association = 8 * 9 * 768
    assert largest.nbytes <= max(of_rows, of_distances, of_association) < 8 * 768**2 / 30


def test_what_factors_know_stays_exact_and_the_rest_is_left_out():
    factors, rows = token_attention(GRID), plain()
    exact, got = (measure(factors, GRID, 4, **more) for more in ({}, {"anchors": 30}))
    for name in ("received_max", "sinks", "sink_mass", "effective_rank", "stable_rank"):
        np.testing.assert_allclose(got.per_head[name], exact.per_head[name], rtol=1e-9, atol=1e-12, err_msg=name)
    np.testing.assert_allclose(got.per_token["received"], exact.per_token["received"], rtol=1e-9)
    assert set(got.head_values()) == set(exact.head_values())
    sampled = measure(rows, GRID, 4, anchors=30)
    assert set(sampled.head_values()) == set(OF_ROWS)


def test_received_counts_rows_without_mass_for_nothing():
    attention = token_attention(TokenGrid(4, 4, 2))
    attention.association.weight[0, 3] = 0
    expected = measure(attention, attention.association.grid, 4, "received").per_token["received"]
    np.testing.assert_allclose(attention.received(), expected, rtol=1e-9)


def test_no_more_tokens_than_anchors_are_measured_exactly():
    attention = plain()
    for anchors in (GRID.num_tokens, GRID.num_tokens + 1):
        got = measure(attention, GRID, 4, anchors=anchors)
        assert not got.stderr
        assert got.head_values().keys() == measure(attention, GRID, 4).head_values().keys()


@pytest.mark.parametrize("make", [*ATTENTIONS.values(), lambda: UniformAttention(GRID.num_tokens, 2)])
def test_chosen_rows_are_the_rows(make):
    attention, index = make(), torch.tensor([17, 3, 99, 3])
    block = attention.chosen_rows(index)
    expected = torch.stack([attention.head_rows(token, token + 1).dense()[:, 0] for token in index.tolist()], dim=1)
    torch.testing.assert_close(block.dense(), expected)
    assert block.anchors.equal(index)
    assert RowBlock(4, block.weight, None, GRID.num_tokens).anchors.tolist() == [4, 5, 6, 7]


@pytest.mark.parametrize(
    ("anchors", "seed", "words"), [(1, 0, "at least 2"), (0, 0, "at least 2"), (5, -1, "whole number from 0")]
)
def test_numbers_that_make_no_sample(anchors, seed, words):
    with pytest.raises(ValueError, match=words):
        measure(plain(), GRID, 4, anchors=anchors, seed=seed)


# ---------------------------------------------------------------- ledger


@pytest.fixture(scope="module")
def cap():
    torch.manual_seed(3)
    return capture(tiny_model(torch.float64), tiny_pixels(2, 52, 100, torch.float64))


KEYS = ["image", "stage", "block", "head", "attention", "metric"]


def test_the_ledger_says_which_numbers_are_estimates(cap):
    exact, got = ledger(cap, ("super", "global")), ledger(cap, ("super", "global"), anchors=100, seed=2)
    both = got.merge(exact, on=KEYS, suffixes=("", "_exact"))
    assert len(both) == len(got)
    estimated = both["stderr"].notna()
    assert set(both.loc[estimated, "stage"]) == {0}  # 13 x 25 tokens; the next stage has 7 x 13, fewer than anchors
    assert set(both.loc[estimated, "metric"]) == set(OF_ROWS)
    np.testing.assert_allclose(
        both.loc[~estimated, "value"], both.loc[~estimated, "value_exact"], rtol=1e-9, atol=1e-12
    )
    smooth = both[estimated & ~both["metric"].str.startswith("tokens_for")]  # few rows hold all that these counts vary
    assert ((smooth["value"] - smooth["value_exact"]).abs() <= 6 * smooth["stderr"] + 1e-9).all()
    missing = exact.merge(got, on=KEYS, how="left", suffixes=("", "_got"))
    missing = missing[missing["value_got"].isna()]
    assert set(missing["attention"]) == {"global"}
    assert {CATALOGUE[name].takes for name in missing["metric"]} == {"received", "spectrum"}


def test_a_picture_has_the_same_numbers_alone_and_in_a_batch_and_draws_of_its_own_by_its_seed(cap):
    both = ledger(cap, ("super",), ["entropy"], anchors=60, seed=[4, 9])
    again = ledger(cap, ("super",), ["entropy"], anchors=60, seed=9)
    second = both[both["image"] == 1].reset_index(drop=True)
    pd.testing.assert_frame_equal(second, again[again["image"] == 1].reset_index(drop=True))
    other = ledger(cap, ("super",), ["entropy"], anchors=60, seed=4)
    assert not other[other["image"] == 1]["value"].reset_index(drop=True).equals(second["value"])
    assert draw_rows(GRID, 20, (0, *BlockId(0, 0))).tokens.tolist() != draw_rows(GRID, 20, (0, 0, 1)).tokens.tolist()
    with pytest.raises(ValueError, match="2 images, got 3 seeds"):
        ledger(cap, anchors=60, seed=[1, 2, 3])
