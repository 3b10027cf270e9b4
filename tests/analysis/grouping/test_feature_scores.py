"""Cosines of tokens to groups: a loop, closed forms, sizes that stay."""

import math

import numpy as np
import pytest

from analysis.grouping.feature_scores import PERCENTILES, token_cosines


def cosine(a, b):
    return a @ b / (np.linalg.norm(a) * np.linalg.norm(b))


@pytest.mark.parametrize("seed", [0, 1])
def test_agrees_with_a_loop(seed):
    rng = np.random.default_rng(seed)
    features, labels = rng.normal(1, 1, (40, 5)), rng.integers(0, 6, 40) * 4
    found = token_cosines(features, labels, seed)
    shuffled = np.random.default_rng(seed).permutation(labels)
    for token, feature in enumerate(features):
        means = {one: features[labels == one].mean(axis=0) for one in np.unique(labels)}
        own = labels[token]
        assert found.own[token] == pytest.approx(cosine(feature, means[own]))
        assert found.second[token] == pytest.approx(max(cosine(feature, m) for k, m in means.items() if k != own))
        random = features[shuffled == shuffled[token]].mean(axis=0)
        assert found.random[token] == pytest.approx(cosine(feature, random))


def test_two_groups_at_a_right_angle():
    features = np.array([[1.0, 0.0]] * 3 + [[0.0, 2.0]] * 5)
    found = token_cosines(features, np.array([0] * 3 + [1] * 5))
    np.testing.assert_allclose(found.own, 1)
    np.testing.assert_allclose(found.second, 0, atol=1e-12)
    assert (found.random < 1).all()


def test_one_group_has_no_second_and_zeros_are_like_nothing():
    found = token_cosines(np.array([[1.0, 1.0], [0.0, 0.0]]), np.array([3, 3]))
    assert np.isnan(found.second).all()
    assert found.own == pytest.approx([1, 0])
    assert math.isnan(found.summary()["cosine_second"])


def test_the_summary_has_mean_and_percentiles():
    rng = np.random.default_rng(0)
    found = token_cosines(rng.normal(size=(50, 3)), rng.integers(0, 4, 50))
    said = found.summary()
    assert said["cosine_own"] == pytest.approx(found.own.mean())
    for percent in PERCENTILES:
        assert said[f"cosine_random_p{percent}"] == pytest.approx(np.percentile(found.random, percent))


@pytest.mark.usefixtures("unchecked")
def test_every_token_needs_a_label():
    with pytest.raises(ValueError, match="got 3 tokens and 2 labels"):
        token_cosines(np.ones((3, 2)), np.array([0, 1]))
