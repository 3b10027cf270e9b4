"""What Rollout and What if say, against the numbers."""

import numpy as np
import pytest

from analysis.answers.rollout import half_share, rollout_answer
from analysis.answers.what_if import IN_SENTENCES, what_if_answer
from analysis.changes import CHANGES


def test_half_of_the_relevance_by_trying_every_count():
    values = np.random.default_rng(0).random((7, 9)) ** 3
    ordered = sorted(values.ravel(), reverse=True)
    fewest = next(count for count in range(1, 64) if sum(ordered[:count]) >= values.sum() / 2)
    assert half_share(values) == fewest / 63
    assert half_share(np.ones((4, 5))) == 0.5
    assert np.isnan(half_share(np.zeros((2, 2))))


def test_a_class_is_named_with_its_probability():
    said = rollout_answer("the prediction", "tench", 0.967, 0.1234, 0.41)
    assert said == (
        "The model gives tench 96.7 %: half of what speaks for it comes from 12 % of the picture; attention alone, "
        "which knows no class, puts half on 41 %."
    )
    assert "in token (3, 4) of stage 1, block 1 comes from 0.4 %" in rollout_answer(
        "token (3, 4) of stage 1, block 1", "tench", 0.5, 0.004, None
    )


def test_attention_alone_and_classes_without_attention():
    assert rollout_answer("the prediction", "attention alone", None, 0.4, None) == (
        "Half of what the prediction is made of comes from 40 % of the picture, as far as attention tells."
    )
    assert rollout_answer("the prediction", "tench", 0.5, float("nan"), 0.4) == (
        "The model gives tench 50.0 %: no attention speaks for it."
    )


@pytest.mark.parametrize(
    ("classes", "words"),
    [(("cat", "cat"), "moves by 0.25 nats and stays cat."), (("cat", "dog"), "and turns from cat into dog.")],
)
def test_a_change_says_what_became_of_the_class(classes, words):
    assert words in what_if_answer("SLIC", 0.25, classes)


@pytest.mark.parametrize(
    ("divergence", "words"),
    [(0.00412, "0.0041"), (0.000036, "3.6e-5"), (0.9, "0.90"), (1.26, "1.3"), (9.97, "10"), (123.4, "123")],
)
def test_a_divergence_has_two_significant_figures(divergence, words):
    assert f"moves by {words} nats and" in what_if_answer("SLIC", divergence, ("cat", "cat"))
    assert f"({words} nats)" in what_if_answer("SLIC", 1.0, ("cat", "cat"), [("SLIC", divergence, True)])


def test_changes_are_called_naturally_inside_a_sentence():
    others = [("Regular grid", 0.5, True), ("SLIC", 0.1, True)]
    said = what_if_answer("Regular grid", 0.5, ("cat", "cat"), others)
    assert said.startswith("With the regular grid, the prediction moves by 0.50 nats")
    assert "All 2 changes keep the class; the regular grid moves the prediction most" in said
    names = {"SLIC", "SLICO", "Felzenszwalb", "Quickshift"}
    assert {change.title for change in CHANGES.values()} == names | IN_SENTENCES.keys()


def test_all_changes_are_counted():
    others = [("Grid", 0.1, True), ("SLIC", 0.4, False), ("Hard", 0.2, True)]
    said = what_if_answer("Grid", 0.1, ("cat", "cat"), others)
    assert said.endswith("Of 3 changes, 2 keep the class; SLIC moves the prediction most (0.40 nats).")
    assert what_if_answer("1 iteration", 0.0, ("cat", "cat")).startswith("With 1 iteration, nothing changes")
