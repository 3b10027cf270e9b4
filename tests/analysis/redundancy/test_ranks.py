"""Ranks: against NumPy's SVD, closed forms, and the estimate against the truth on smooth and sharp attention."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from analysis.attention.baselines import IdentityAttention, UniformAttention, global_attention
from analysis.attention.dense import DenseAttention
from analysis.redundancy import sketched_ranks
from analysis.redundancy.measure import measure
from analysis.redundancy.ranks import Spectrum, effective_rank, spectrum, stable_rank
from analysis.redundancy.sketched_ranks import estimated_sums, sums_of_sketched
from stvit import BlockId, SoftmaxAttention, TokenGrid, WindowedAttention, capture, load_pretrained
from stvit.images import prepare
from stvit.images.samples import sample_images
from tests.support.memory import LargestTensor
from tests.support.random_attention import token_attention
from tests.support.tiny import GRIDS

SIDE = 30


def dense_rank(matrix: np.ndarray) -> float:
    values = np.linalg.svd(matrix, compute_uv=False)
    share = values[values > 0] / values.sum()
    return float(np.exp(-(share * np.log(share)).sum()))


def image_like(sharpness: float, noise: float = 0.0) -> SoftmaxAttention:
    """Queries and keys that vary smoothly over a grid of tokens, as they do over an image."""
    parts = []
    for _ in range(2):
        coarse = torch.randn(1, 32, 8, 8)
        parts.append(F.interpolate(coarse, (SIDE, SIDE), mode="bicubic")[0].flatten(1).T[None])
    query, key = parts
    return SoftmaxAttention(query + noise * torch.randn_like(query), key + query / 2, sharpness)


def estimate(attention) -> Spectrum:
    return Spectrum(*estimated_sums(attention, 0), exact=False)


def test_closed_forms():
    def ranks(*values: float) -> tuple[float, float]:
        found = Spectrum.of(torch.tensor(values))
        return effective_rank(found), stable_rank(found)

    assert ranks(*[1.0] * 7) == (pytest.approx(7), pytest.approx(7))
    assert ranks(3.0, 0.0, 0.0) == (pytest.approx(1), pytest.approx(1))
    assert ranks(0.0, 0.0, 0.0) == (0, 0)
    assert ranks(0.0, 2.0, 4.0, 6.0) == pytest.approx(ranks(0.0, 1.0, 2.0, 3.0))
    assert ranks(2.0, 1.0)[1] == pytest.approx(1.25)
    assert ranks(3.0, 1.0)[0] == pytest.approx(np.exp(-(0.75 * np.log(0.75) + 0.25 * np.log(0.25))))


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
def test_ranks_of_token_attention_are_exact(grid):
    source = token_attention(grid, 3)
    got = measure(source, grid, 4, ("effective_rank", "stable_rank"), exact_tokens=0 if not grid.is_identity else 99)
    for head, matrix in enumerate(source.to_dense().numpy()):
        assert got.per_head["effective_rank"][head] == pytest.approx(dense_rank(matrix), rel=1e-6)
        expected = np.linalg.norm(matrix) ** 2 / np.linalg.norm(matrix, 2) ** 2
        assert got.per_head["stable_rank"][head] == pytest.approx(expected, rel=1e-9)


def test_token_attention_is_never_decomposed_whole():
    grid = TokenGrid(48, 48, 8)
    source = token_attention(grid, dtype=torch.float32)
    with LargestTensor() as largest:
        found = spectrum(source, 0)
    assert found.exact
    assert largest.nbytes < 8 * grid.num_tokens * 16 < grid.num_tokens**2


def test_other_attentions_are_exact_up_to_a_size():
    source = image_like(0.5)
    for one in (source, WindowedAttention(source.query, source.key, 0.5, SIDE, SIDE, 7), UniformAttention(900)):
        found = spectrum(one, 0, exact_tokens=900)
        assert found.exact
        expected = dense_rank(one.rows(0, 900, 0).double().numpy())
        assert effective_rank(found) == pytest.approx(expected, rel=1e-4)
    assert not spectrum(source, 0, exact_tokens=899).exact
    assert spectrum(WindowedAttention(source.query, source.key, 0.5, SIDE, SIDE, 7), 0, exact_tokens=1).exact


def test_an_estimate_says_so_in_its_name():
    source, grid = image_like(0.5), TokenGrid(SIDE, SIDE)
    names = ("effective_rank", "stable_rank")
    assert set(measure(source, grid, 4, names, exact_tokens=900).per_head) == set(names)
    estimates = set(measure(source, grid, 4, names, exact_tokens=899).per_head)
    assert estimates == {"effective_rank_estimate", "stable_rank_estimate"}


@pytest.mark.parametrize(
    ("sharpness", "noise", "within"),
    [(1e-4, 0, 0.01), (0.02, 0, 0.01), (0.1, 0, 0.01), (0.5, 0, 0.01), (0.5, 0.5, 0.03)],
)
def test_the_estimate_is_as_close_as_it_claims(sharpness, noise, within):
    source = image_like(sharpness, noise)
    exact = Spectrum.of(torch.linalg.svdvals(source.rows(0, SIDE**2, 0).double()))
    found = estimate(source)
    assert effective_rank(found) == pytest.approx(effective_rank(exact), rel=within)
    assert stable_rank(found) == pytest.approx(stable_rank(exact), rel=2e-3)
    assert found.squares == pytest.approx(exact.squares, rel=1e-6)
    assert found == estimate(source)  # no luck involved


def test_the_estimate_is_as_close_on_the_demo():
    cap = capture(load_pretrained("demo"), prepare(sample_images()["cat"](), 144).pixels, blocks=[(0, 1)])
    source = global_attention(cap[BlockId(0, 1)].select(0))  # 1,296 tokens
    for head in range(source.heads):
        exact = spectrum(source, head, exact_tokens=source.num_tokens)
        found = spectrum(source, head)
        assert (exact.exact, found.exact) == (True, False)
        assert effective_rank(found) == pytest.approx(effective_rank(exact), rel=0.02)
        assert stable_rank(found) == pytest.approx(stable_rank(exact), rel=1e-3)


def test_the_sums_behind_a_sketch():
    values = np.exp(-np.sqrt(np.arange(2000.0)) / 3)
    drawn = values[:, None] * np.random.default_rng(0).normal(size=(2000, 300))
    energies = np.linalg.svd(drawn, compute_uv=False) ** 2 / 300
    total, logarithms = sums_of_sketched(energies, 2000)
    assert total == pytest.approx(values.sum(), rel=0.02)
    assert logarithms == pytest.approx(values @ np.log(values), rel=0.02)


@pytest.mark.parametrize("tokens", [500, 1500])  # fewer and more than a sketch can tell apart
def test_the_estimate_of_extremes(tokens):
    assert effective_rank(estimate(UniformAttention(tokens))) == pytest.approx(1, abs=1e-3)
    assert effective_rank(estimate(IdentityAttention(tokens))) == pytest.approx(tokens, rel=0.01)


def test_the_estimate_of_fewer_tokens_than_directions():
    zero = SoftmaxAttention(torch.zeros(1, 3, 2), torch.zeros(1, 3, 2), 1.0)
    assert effective_rank(estimate(zero)) == pytest.approx(1, abs=1e-3)


def test_the_estimate_of_groups_that_attend_within():
    groups = DenseAttention(torch.eye(50).repeat_interleave(20, 0).repeat_interleave(20, 1)[None] / 20)
    assert effective_rank(estimate(groups)) == pytest.approx(50, rel=0.01)


@pytest.mark.parametrize("sharpness", [1e-4, 0.1])  # what the computed values leave is tiny, and is not
def test_an_estimate_from_blocks_is_the_same(monkeypatch, sharpness):
    source = image_like(sharpness)
    whole = estimate(source)
    monkeypatch.setattr(sketched_ranks, "DENSE_BYTES", 0)
    monkeypatch.setattr(sketched_ranks, "BLOCK_BYTES", 100_000)
    blocks = estimate(source)
    assert effective_rank(blocks) == pytest.approx(effective_rank(whole), rel=1e-3)
    assert stable_rank(blocks) == pytest.approx(stable_rank(whole), rel=1e-5)


def test_a_large_attention_is_estimated_without_building_it(monkeypatch):
    monkeypatch.setattr(sketched_ranks, "DENSE_BYTES", 0)
    monkeypatch.setattr(sketched_ranks, "BLOCK_BYTES", 500_000)
    query, key = torch.randn(2, 1, 3600, 8)
    with LargestTensor() as largest:
        estimated_sums(SoftmaxAttention(query, key, 0.1), 0)
    assert largest.nbytes <= 4 * 3600 * sketched_ranks.SKETCHED < 4 * 3600**2 / 9
