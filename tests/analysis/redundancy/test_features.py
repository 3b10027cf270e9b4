"""Similarity of features: against loops, SciPy and closed forms."""

import math
from itertools import combinations

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cosine

from analysis.redundancy.features import block_similarity, similarity
from stvit import BlockId, capture
from tests.support.tiny import tiny_model, tiny_pixels


def vectors(features):
    return features.double().flatten(1).T.numpy()


def test_mean_cosine_over_all_pairs():
    features = torch.randn(5, 3, 4) + 0.5
    tokens = vectors(features)
    pairs = [1 - cosine(tokens[i], tokens[j]) for i, j in combinations(range(12), 2)]
    assert similarity(features)["cosine"] == pytest.approx(np.mean(pairs))


def test_mean_cosine_over_tokens_side_by_side():
    features = torch.randn(5, 3, 4)
    at = {(r, c): features[:, r, c].double().numpy() for r in range(3) for c in range(4)}
    pairs = {(p, q): 1 - cosine(at[p], at[q]) for p, q in combinations(at, 2) if math.dist(p, q) == 1}
    assert len(pairs) == 17
    assert similarity(features)["neighbour_cosine"] == pytest.approx(np.mean(list(pairs.values())))


def test_cosines_of_known_features():
    alike = torch.ones(3, 2, 5) * torch.arange(1.0, 11).reshape(2, 5)  # one direction, any length
    assert similarity(alike)["cosine"] == pytest.approx(1)
    assert similarity(alike)["neighbour_cosine"] == pytest.approx(1)
    apart = torch.eye(6).reshape(6, 2, 3)
    assert similarity(apart)["cosine"] == pytest.approx(0)
    opposite = torch.tensor([[[1.0, -1.0]]])
    assert similarity(opposite)["cosine"] == pytest.approx(-1)
    assert similarity(opposite)["neighbour_cosine"] == pytest.approx(-1)


def test_vectors_without_direction_are_left_out():
    features = torch.randn(4, 2, 3)
    features[:, 0, 1] = 0
    kept = vectors(features)[[0, 2, 3, 4, 5]]
    expected = np.mean([1 - cosine(one, other) for one, other in combinations(kept, 2)])
    assert similarity(features)["cosine"] == pytest.approx(expected)
    pairs = [(0, 3), (2, 5), (3, 4), (4, 5)]
    tokens = vectors(features)
    assert similarity(features)["neighbour_cosine"] == pytest.approx(
        np.mean([1 - cosine(tokens[i], tokens[j]) for i, j in pairs])
    )


def test_a_single_token_is_like_nothing():
    one = torch.randn(4, 1, 1)
    assert math.isnan(similarity(one)["cosine"])
    assert math.isnan(similarity(one)["neighbour_cosine"])
    assert math.isnan(similarity(torch.zeros(4, 3, 3))["cosine"])


def test_rank_one_residual():
    features = torch.randn(4, 3, 3) + 1
    tokens = vectors(features)
    expected = np.linalg.norm(tokens - tokens.mean(0)) / np.linalg.norm(tokens)
    assert similarity(features)["rank_one_residual"] == pytest.approx(expected)
    for shift in np.random.default_rng(0).normal(size=(5, 4)):  # the mean is the nearest row
        assert np.linalg.norm(tokens - tokens.mean(0) - 0.1 * shift) / np.linalg.norm(tokens) > expected
    assert similarity(torch.ones(4, 3, 3))["rank_one_residual"] == pytest.approx(0)
    assert similarity(torch.tensor([[[1.0, -1.0]]]))["rank_one_residual"] == pytest.approx(1)


def test_a_block_of_a_capture():
    first = capture(tiny_model(torch.float64), tiny_pixels(2, 64, 96, torch.float64))[BlockId(0, 0)]
    values = block_similarity(first, 1)
    for kind, features in (("token", first.tokens[1]), ("super_token", first.super_tokens[1])):
        assert {name: values[f"{kind}_{name}"] for name in similarity(features)} == similarity(features)
    assert len(values) == 6
