"""The answers of Dataset: each number in them is one of the tables."""

import pandas as pd

from analysis.answers.dataset import comparison_answer, correctness_answer, dataset_answer

SPREAD = pd.DataFrame({"stage": [0, 3], "block": [0, 1], "q05": [0.91, 0.1], "q50": [0.955, 0.2], "q95": [0.98, 0.345]})


def test_it_says_the_quantiles_of_the_first_and_the_last_block():
    told = dataset_answer(SPREAD, "Normalised entropy", "Super token attention", 3925)
    assert told == (
        "Over 3,925 pictures, the median normalised entropy of super token attention is 0.955 in stage 1, block 1 "
        "(90 % of pictures: 0.910 to 0.980) and 0.200 in stage 4, block 2 (90 % of pictures: 0.100 to 0.345)."
    )
    one = dataset_answer(SPREAD[:1], "Token cosine", "", 1)
    assert one.startswith("Over 1 picture, the median token cosine is 0.955 in stage 1, block 1 (")
    assert one.endswith("0.980).")
    assert dataset_answer(SPREAD[:0], "Entropy", "", 1) == ""


def test_it_says_the_strongest_correlation_whatever_its_sign():
    linked = pd.DataFrame(
        {"stage": [0, 1], "block": [0, 1], "r": [0.1, -0.25], "low": [0.0, -0.3], "high": [0.2, -0.2]}, index=[4, 9]
    )
    assert correctness_answer(0.8414, 3925, linked, "Mass kept") == (
        "The model is right on 84.1 % of 3,925 pictures. Mass kept goes along with correctness most in stage 2, "
        "block 2: r = -0.25 (95 % interval -0.30 to -0.20)."
    )
    assert correctness_answer(0.5, 1, linked[:0], "Entropy") == "The model is right on 50.0 % of 1 picture."
    assert correctness_answer(float("nan"), 0, linked, "Entropy") == ""


def test_it_says_the_greatest_difference():
    found = pd.DataFrame(
        {"stage": [0, 1], "block": [0, 1], "difference": [0.1, -0.2], "low": [0.05, -0.25], "high": [0.15, -0.15]}
    )
    assert comparison_answer(found, "Entropy", "twin-super") == (
        "With twin-super, entropy differs most in stage 2, block 2: by -0.200 "
        "(95 % interval of the mean -0.250 to -0.150)."
    )
    assert comparison_answer(found[:0], "Entropy", "other") == ""
