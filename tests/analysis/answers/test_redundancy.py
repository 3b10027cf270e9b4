"""The answer of Redundancy: each number in it is one of the ledger."""

import numpy as np
import pandas as pd
import pytest

from analysis import ledger
from analysis.answers.redundancy import METRICS, place_answer, redundancy_answer, usual_answer
from analysis.figures.numbers import significant
from analysis.sweeps.reference import LEVELS, QUANTILES, Bands, Swept
from stvit import capture, load_pretrained
from stvit.images import prepare
from stvit.images.samples import sample_images

TITLES = {"super": "Super token attention", "global": "Global attention"}


@pytest.fixture(scope="module")
def table():
    pixels = prepare(sample_images()["cat"](), 64).pixels
    return ledger(capture(load_pretrained("demo"), pixels), ("super", "global"), METRICS)


def mean(table, metric, attention):
    rows = table[(table["metric"] == metric) & (table["attention"] == attention) & (table["stage"] == 0)]
    return significant(rows["value"].mean())


def test_it_says_the_numbers_of_the_ledger(table):
    told = redundancy_answer(table, TITLES)
    entropy = [mean(table, "normalised_entropy", kind) for kind in TITLES]
    assert entropy[0] != entropy[1]
    start = "In stage 1, normalised entropy (1 is uniform) is"
    assert told.startswith(f"{start} {entropy[0]} in super token attention and {entropy[1]} in global attention")
    assert f"between heads of super token attention is {mean(table, 'head_cosine', 'super')} " in told
    assert f"between tokens is {mean(table, 'token_cosine', 'block')}." in told
    own = table[(table["metric"] == "normalised_entropy") & (table["attention"] == "super")]
    most, least = own.loc[own["value"].idxmax()], own.loc[own["value"].idxmin()]
    assert f"{most['where']} ({significant(most['value'])}) is the most redundant head" in told
    assert told.endswith(f"and {least['where']} ({significant(least['value'])}) the least.")


def test_what_was_not_measured_is_not_said(table):
    assert redundancy_answer(table[table["attention"] == "block"], TITLES) == ""
    own = table[(table["attention"] == "super") & (table["metric"] == "normalised_entropy")]
    assert "cosine" not in redundancy_answer(own, TITLES)
    assert "global" not in redundancy_answer(own, TITLES)


def bands(table):
    """Return bands in which each number of the table is the median, but for stage 2, block 1, where it is the least."""
    own = table[(table["metric"] == "normalised_entropy") & (table["attention"] == "super")]
    means = own.groupby(["stage", "block"])["value"].mean()
    rows = []
    for (stage, block), value in means.items():
        start = value - 50 if (stage, block) != (1, 0) else value
        spread = dict(zip(QUANTILES, start + np.array(LEVELS), strict=True))
        rows.append({"stage": stage, "block": block, "attention": "super", "metric": "normalised_entropy", **spread})
    found = pd.DataFrame(rows).assign(head=pd.Series([pd.NA] * len(rows), dtype="Int8"))
    return Bands("tiny", Swept("digest", 200, 1, 64, "crop", 256), found)


def test_it_names_the_block_that_is_least_usual(table):
    told = usual_answer(table, bands(table))
    assert told == (
        "Measured against 200 pictures, this one's normalised entropy is most unusual in stage 2, block 1 "
        "(0th percentile)."
    )
    others = table[table["stage"] != 1]
    assert usual_answer(others, bands(table)).endswith("(50th percentile).")
    assert usual_answer(table[table["attention"] == "global"], bands(table)) == ""


def test_one_number_has_its_place(table):
    many = bands(table)
    row = many.of("normalised_entropy").iloc[0]
    told = place_answer(many, "normalised_entropy", (0, 0), None, float(row["q75"]), "super")
    assert told == f"Stage 1, block 1, mean over heads: {significant(row['q75'])}, the 75th percentile of 200 pictures."
    assert place_answer(many, "normalised_entropy", (0, 0), 1, 0.5, "super") == ""
