"""Row metrics: against loops, SciPy and closed forms, for attentions of every kind."""

from itertools import combinations, permutations

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cosine, jensenshannon
from scipy.stats import entropy

from analysis import DenseAttention
from analysis.attention.baselines import IdentityAttention, UniformAttention
from analysis.redundancy.catalogue import CATALOGUE, chosen_metrics, metrics_of
from analysis.redundancy.head_pairs import head_pairs
from analysis.redundancy.measure import measure, per_token
from analysis.redundancy.row_metrics import RowSettings
from stvit import SoftmaxAttention, TokenGrid, WindowedAttention
from tests.support.attention_loops import row_metrics
from tests.support.random_attention import token_attention
from tests.support.tiny import GRIDS

TALL, WIDE = 4.0, 6.0
BY_LOOP = ("mass", "entropy", "distance", "local_mass", "top_mass", "tokens_for_50", "tokens_for_90", "tokens_for_99")
SETTINGS = RowSettings(neighbourhood=3, top_k=2)


def local(grid, dtype=torch.float64):
    query, key = 2 * torch.randn(2, 2, grid.num_tokens, 4, dtype=dtype)
    return WindowedAttention(query, key, 0.5, grid.height, grid.width, 3)


def softmax(grid, dtype=torch.float64):
    query, key = 2 * torch.randn(2, 3, grid.num_tokens, 4, dtype=dtype)
    return SoftmaxAttention(query, key, 0.5)


MAKERS = {"super": token_attention, "global": softmax, "local": local}


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr("stvit.attentions.base.BLOCK_BYTES", 2000)


def full(source):
    return torch.stack([source.rows(0, source.num_tokens, head) for head in range(source.heads)]).numpy()


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
def test_row_metrics_follow_their_definitions(make, grid):
    source = make(grid)
    got = per_token(source, grid, (TALL, WIDE), BY_LOOP, SETTINGS)
    for head, rows in enumerate(full(source)):
        for anchor, row in enumerate(rows):
            expected = row_metrics(row, anchor, grid, TALL, WIDE, 3, 2)
            for name in BY_LOOP:
                assert got[name][head, anchor] == pytest.approx(expected[name], abs=1e-9), name


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_single_precision_agrees_with_double(make):
    grid = TokenGrid(13, 11, 4)
    source = make(grid, dtype=torch.float32)
    got = per_token(source, grid, 4, BY_LOOP, SETTINGS)
    for head, rows in enumerate(full(source).astype(np.float64)):
        for anchor, row in enumerate(rows):
            expected = row_metrics(row, anchor, grid, 4, 4, 3, 2)
            for name in BY_LOOP:
                slack = 1 if name.startswith("tokens") else 2e-5 * max(1, expected[name])
                assert got[name][head, anchor] == pytest.approx(expected[name], abs=slack), name


def test_entropy_against_scipy():
    grid = TokenGrid(6, 7, 3)
    source = token_attention(grid)
    got = per_token(source, grid, 4, ("entropy", "normalised_entropy", "perplexity"))
    expected = entropy(full(source), axis=-1)  # SciPy normalises its rows
    np.testing.assert_allclose(got["entropy"], expected, atol=1e-12)
    np.testing.assert_allclose(got["normalised_entropy"], expected / np.log(42), atol=1e-12)
    np.testing.assert_allclose(got["perplexity"], np.exp(expected), atol=1e-9)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_differences_between_heads_against_scipy(make):
    grid = TokenGrid(6, 7, 3)
    source = make(grid) if make is not token_attention else token_attention(grid, 3)
    got = per_token(source, grid, 4, ("head_divergence", "head_cosine"))
    dense = full(source)
    divergence, alike = head_pairs(source, grid)
    for head in range(source.heads):
        others = [other for other in range(source.heads) if other != head]
        for anchor in range(grid.num_tokens):
            pairs = [(dense[head, anchor], dense[other, anchor]) for other in others]
            assert got["head_divergence"][head, anchor] == pytest.approx(
                np.mean([jensenshannon(*p) ** 2 for p in pairs])
            )
            assert got["head_cosine"][head, anchor] == pytest.approx(np.mean([1 - cosine(*p) for p in pairs]))
    for first, other in combinations(range(source.heads), 2):
        pairs = list(zip(dense[first], dense[other], strict=True))
        assert divergence[first, other] == pytest.approx(np.mean([jensenshannon(*p) ** 2 for p in pairs]))
        assert alike[other, first] == pytest.approx(np.mean([1 - cosine(*p) for p in pairs]))
    assert (np.diag(divergence) == 0).all()
    assert (np.diag(alike) == 1).all()


def test_divergence_lies_between_its_bounds():
    grid = TokenGrid(1, 4)
    same, apart = np.tile(np.eye(4), (2, 1, 1)), np.stack([np.eye(4), np.roll(np.eye(4), 1, axis=1)])
    assert per_token(DenseAttention(same), grid, 1, ["head_divergence"])["head_divergence"] == pytest.approx(
        0, abs=1e-15
    )
    assert per_token(DenseAttention(apart), grid, 1, ["head_divergence"])["head_divergence"] == pytest.approx(np.log(2))
    assert per_token(DenseAttention(apart), grid, 1, ["head_cosine"])["head_cosine"] == pytest.approx(0)


def test_the_number_of_threads_does_not_matter_to_the_bits(small_blocks):
    grid = TokenGrid(12, 10, (4, 4))
    source, before = softmax(grid, torch.float32), torch.get_num_threads()
    found = []
    for threads in (1, 3):
        torch.set_num_threads(threads)
        found.append(measure(source, grid, 4).head_values())
    torch.set_num_threads(before)
    assert found[0].keys() == found[1].keys()
    for name, values in found[0].items():
        np.testing.assert_array_equal(values, found[1][name], err_msg=name)


def test_a_single_head_has_nothing_to_differ_from():
    grid = TokenGrid(2, 3)
    assert set(measure(UniformAttention(6), grid, 4).per_token) == set(metrics_of("token")) - {
        "head_divergence",
        "head_cosine",
    }
    assert head_pairs(UniformAttention(6), grid) == (np.zeros((1, 1)), np.ones((1, 1)))


@pytest.mark.parametrize("shape", [(1, 1), (5, 8)])
def test_uniform_attention(shape):
    grid = TokenGrid(*shape)
    count = grid.num_tokens
    got = measure(UniformAttention(count), grid, 4, settings=RowSettings(top_k=3)).head_values()
    expected = {"entropy": np.log(count), "normalised_entropy": float(count > 1), "perplexity": count, "mass": 1}
    expected |= {"top_mass": min(1, 3 / count), "received": 1, "received_max": 1, "sinks": 0, "sink_mass": 0}
    expected |= {f"tokens_for_{level}": np.ceil(count * level / 100) for level in (50, 90, 99)}
    expected |= {"effective_rank": 1, "stable_rank": 1}
    for name, value in expected.items():
        assert got[name] == pytest.approx(value, abs=2e-6 * count), name


def test_counts_do_not_lose_a_token_to_rounding():
    grid = TokenGrid(10, 100)
    got = per_token(UniformAttention(1000), grid, 1, ("tokens_for_50", "tokens_for_90", "tokens_for_99"))
    assert [float(np.unique(values).item()) for values in got.values()] == [500, 900, 990]


def test_identity_attention():
    grid = TokenGrid(4, 5)
    got = measure(IdentityAttention(20), grid, 4).head_values()
    expected = {"entropy": 0, "perplexity": 1, "distance": 0, "local_mass": 1, "top_mass": 1, "tokens_for_99": 1}
    for name, value in (expected | {"received_max": 1, "effective_rank": 20, "stable_rank": 20}).items():
        assert got[name] == pytest.approx(value), name


def test_a_permutation_is_as_sharp_as_the_identity_but_looks_elsewhere():
    grid = TokenGrid(1, 4)
    moved = DenseAttention(np.roll(np.eye(4), 1, axis=1)[None])  # token n attends to n + 1, the last to the first
    got = measure(moved, grid, 10, settings=RowSettings(neighbourhood=1))
    np.testing.assert_allclose(got.per_token["distance"], [[10, 10, 10, 30]])
    assert got.per_token["entropy"].max() == 0
    assert got.per_token["local_mass"].max() == 0
    assert got.per_head["effective_rank"] == pytest.approx(4)


def test_everything_is_received_by_one_sink():
    grid = TokenGrid(3, 8)
    rows = np.zeros((2, 24, 24))
    rows[0, :, 5] = 0.25  # conditional on the mass kept, all of it
    rows[1] = 1 / 24
    got = measure(DenseAttention(rows), grid, 4, ("received", "received_max", "sinks", "sink_mass", "effective_rank"))
    np.testing.assert_allclose(got.per_token["received"][0], np.where(np.arange(24) == 5, 24, 0))
    np.testing.assert_allclose(got.per_token["received"][1], 1)
    np.testing.assert_allclose(got.per_head["received_max"], [24, 1])
    np.testing.assert_allclose(got.per_head["sinks"], [1, 0])
    np.testing.assert_allclose(got.per_head["sink_mass"], [1, 0])
    np.testing.assert_allclose(got.per_head["effective_rank"], 1, rtol=1e-5)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_received_is_the_column_sum_of_conditional_rows(make):
    grid = TokenGrid(6, 7, 3)
    source = make(grid)
    dense = full(source)
    share = dense / dense.sum(-1, keepdims=True)
    np.testing.assert_allclose(per_token(source, grid, 4, ["received"])["received"], share.sum(1), atol=1e-12)


def test_metrics_are_conditional_on_the_mass_kept():
    grid = TokenGrid(4, 5)
    rows = np.random.default_rng(0).random((2, 20, 20))
    rows /= rows.sum(-1, keepdims=True)
    kept = np.random.default_rng(1).random((2, 20, 1))
    whole, part = (measure(DenseAttention(values), grid, 4).per_token for values in (rows, rows * kept))
    np.testing.assert_allclose(part.pop("mass"), kept[..., 0])
    for name, values in part.items():
        np.testing.assert_allclose(values, whole[name], atol=1e-12, err_msg=name)


def test_rows_without_mass_measure_nothing():
    grid = TokenGrid(2, 2)
    got = measure(DenseAttention(np.zeros((2, 4, 4))), grid, 4).head_values()
    assert {name: values.tolist() for name, values in got.items()} == {name: [0, 0] for name in got}
    one_empty = DenseAttention(np.stack([np.zeros((4, 4)), np.eye(4), np.zeros((4, 4))]))
    assert measure(one_empty, grid, 4, ["head_divergence"]).per_token["head_divergence"].max() == 0


def test_the_order_of_tokens_does_not_matter_to_what_knows_no_place():
    rows = np.random.default_rng(0).random((2, 4, 4))
    grid = TokenGrid(1, 4)
    placeless = set(metrics_of("token")) - {"distance", "local_mass"}
    before = measure(DenseAttention(rows), grid, 4).head_values()
    for order in permutations(range(4)):
        after = measure(DenseAttention(rows[:, order][:, :, order]), grid, 4).head_values()
        for name in placeless | {"effective_rank", "stable_rank", "received_max"}:
            np.testing.assert_allclose(after[name], before[name], err_msg=name)


def test_only_what_is_asked_for_is_measured():
    grid = TokenGrid(2, 3)
    got = measure(UniformAttention(6), grid, 4, ("entropy", "sinks"))
    assert list(got.per_token) == ["entropy"]
    assert list(got.per_head) == ["sinks"]
    nothing = measure(UniformAttention(6), grid, 4, ("leakage",))
    assert not nothing.per_token
    assert not nothing.per_head


def test_the_defaults_of_per_token():
    assert list(per_token(UniformAttention(6), TokenGrid(2, 3), 4)) == ["mass", "entropy", "distance"]


def test_means_are_those_of_the_maps():
    grid = TokenGrid(5, 5, 2)
    got = measure(token_attention(grid), grid, 4)
    assert (
        set(got.head_values())
        == {*got.per_token, *got.per_head}
        == {*metrics_of("token"), *metrics_of("head")}
        - {
            "effective_rank_estimate",
            "stable_rank_estimate",
        }
    )
    np.testing.assert_allclose(got.head_values()["entropy"], got.per_token["entropy"].mean(1))


def test_the_catalogue_says_what_each_number_is():
    for name, metric in CATALOGUE.items():
        assert metric.name == name
        assert metric.unit
        assert metric.sentence.endswith(".")
    assert chosen_metrics("effective_rank") == ("effective_rank", "effective_rank_estimate")
    assert chosen_metrics(["stable_rank_estimate", "mass"]) == ("mass", "stable_rank", "stable_rank_estimate")
    assert chosen_metrics(None) == tuple(CATALOGUE)


def test_bad_input_is_named():
    grid = TokenGrid(2, 3)
    with pytest.raises(ValueError, match="attention has 7 tokens but the grid 2 x 3 has 6"):
        per_token(UniformAttention(7), grid, 4)
    with pytest.raises(ValueError, match="attention has 7 tokens"):
        head_pairs(UniformAttention(7), grid)
    with pytest.raises(ValueError, match="There is no metric named entropi; known are mass, entropy"):
        measure(UniformAttention(6), grid, 4, ["entropi"])
    with pytest.raises(ValueError, match="sinks have no value per token; choose among mass"):
        per_token(UniformAttention(6), grid, 4, ["sinks"])
    with pytest.raises(ValueError, match=r"odd number of at least 1 .* got 4"):
        RowSettings(neighbourhood=4)
    with pytest.raises(ValueError, match="top_k must be at least 1, got 0"):
        RowSettings(top_k=0)


def test_a_row_too_light_for_its_precision_measures_nothing():
    weights = torch.full((2, 6, 6), 1 / 6)
    weights[:, 2] *= 1e-40
    rows = per_token(DenseAttention(weights), TokenGrid(2, 3), 4)
    for name, values in rows.items():
        if name not in ("mass", "received"):
            assert (values[:, 2] == 0).all(), name
            assert not np.signbit(values[:, 2]).any(), name
    np.testing.assert_allclose(rows["entropy"][:, 3], np.log(6), rtol=1e-6)


@pytest.mark.parametrize("tokens", [6, 1200])
def test_numbers_that_are_not_finite_are_named(tokens):
    query = torch.randn(1, tokens, 4)
    query[0, 3] = torch.nan
    attention = SoftmaxAttention(query, query, 0.5)
    for metrics, words in (
        ("entropy", "not finite; its queries, keys"),
        ("stable_rank", "Head 1 has no singular values"),
    ):
        with pytest.raises(ValueError, match=words):
            measure(attention, TokenGrid(2, tokens // 2), 4, metrics)
