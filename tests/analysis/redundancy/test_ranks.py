"""Ranks: against NumPy's SVD, closed forms, and the estimate against the truth on smooth and sharp attention."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from analysis.attention.baselines import IdentityAttention, UniformAttention
from analysis.redundancy import ranks as spectrum_module
from analysis.redundancy.measure import measure
from analysis.redundancy.ranks import effective_rank, estimated_singular_values, spectrum, stable_rank
from stvit import SoftmaxAttention, TokenGrid, WindowedAttention
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


def test_closed_forms():
    assert effective_rank(torch.ones(7)) == pytest.approx(7)
    assert stable_rank(torch.ones(7)) == pytest.approx(7)
    for rank in (effective_rank, stable_rank):
        assert rank(torch.tensor([3.0, 0.0, 0.0])) == pytest.approx(1)
        assert rank(torch.zeros(3)) == 0
        assert rank(2 * torch.arange(4.0)) == pytest.approx(rank(torch.arange(4.0)))
    assert stable_rank(torch.tensor([2.0, 1.0])) == pytest.approx(1.25)
    assert effective_rank(torch.tensor([3.0, 1.0])) == pytest.approx(
        np.exp(-(0.75 * np.log(0.75) + 0.25 * np.log(0.25)))
    )


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
    assert len(found.values) == grid.num_super_tokens
    assert largest.nbytes < 8 * grid.num_tokens * 16 < grid.num_tokens**2


def test_other_attentions_are_exact_up_to_a_size():
    source = image_like(0.5)
    for one in (source, WindowedAttention(source.query, source.key, 0.5, SIDE, SIDE, 7), UniformAttention(900)):
        found = spectrum(one, 0, exact_tokens=900)
        assert found.exact
        expected = dense_rank(one.rows(0, 900, 0).double().numpy())
        assert effective_rank(found.values) == pytest.approx(expected, rel=1e-4)
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
    exact = torch.linalg.svdvals(source.rows(0, SIDE**2, 0).double())
    estimate = estimated_singular_values(source, 0)
    assert estimate.shape == exact.shape
    assert effective_rank(estimate) == pytest.approx(effective_rank(exact), rel=within)
    assert stable_rank(estimate) == pytest.approx(stable_rank(exact), rel=2e-3)
    assert torch.equal(estimate, estimated_singular_values(source, 0))  # no luck involved
    assert (estimate.diff() <= 1e-9).all()


def test_the_estimate_of_extremes():
    assert effective_rank(estimated_singular_values(UniformAttention(500), 0)) == pytest.approx(1, abs=1e-3)
    assert effective_rank(estimated_singular_values(IdentityAttention(500), 0)) == pytest.approx(500, rel=0.01)
    zero = SoftmaxAttention(torch.zeros(1, 3, 2), torch.zeros(1, 3, 2), 1.0)  # fewer tokens than directions
    assert effective_rank(estimated_singular_values(zero, 0)) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("sharpness", [1e-4, 0.1])  # what the leading values leave is tiny, and is not
def test_an_estimate_from_blocks_is_the_same(monkeypatch, sharpness):
    source = image_like(sharpness)
    whole = estimated_singular_values(source, 0, leading=20)
    monkeypatch.setattr(spectrum_module, "DENSE_BYTES", 0)
    monkeypatch.setattr(spectrum_module, "BLOCK_BYTES", 100_000)
    torch.testing.assert_close(estimated_singular_values(source, 0, leading=20), whole, rtol=1e-3, atol=1e-6)


def test_a_large_attention_is_estimated_without_building_it(monkeypatch):
    monkeypatch.setattr(spectrum_module, "DENSE_BYTES", 0)
    monkeypatch.setattr(spectrum_module, "BLOCK_BYTES", 500_000)
    query, key = torch.randn(2, 1, 3600, 8)
    with LargestTensor() as largest:
        estimated_singular_values(SoftmaxAttention(query, key, 0.1), 0, leading=20)
    assert largest.nbytes <= 8 * 3600 * (20 + spectrum_module.OVERSAMPLING) < 4 * 3600**2 / 10
