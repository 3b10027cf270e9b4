"""The sentence of the page Super tokens holds the numbers of the table, and compares one level alone."""

import numpy as np
import pandas as pd
import pytest

from analysis.answers.super_tokens import groups_answer
from analysis.grouping.groupings import describe_groupings, grouping_of
from analysis.grouping.methods import METHODS
from analysis.grouping.truth import Truth
from stvit import BlockId, capture, create_model
from stvit.images import prepare


@pytest.fixture(scope="module")
def tables():
    """The table of three groupings of one picture, classical ones on tokens and on pixels."""
    random = np.random.default_rng(0)
    picture = prepare(random.integers(0, 256, (8, 12, 3), np.uint8).repeat(12, 0).repeat(12, 1), 96, mode="whole")
    record = capture(create_model("stvit_demo", seed=0).eval(), picture.pixels)[BlockId(0, 0)]
    truth = Truth.of(
        [np.arange(96)[:, None] // 40 + np.zeros((1, 160), int), np.arange(160) // 50 + np.zeros((96, 1), int)]
    )

    def table(on) -> pd.DataFrame:
        methods = [METHODS[name] for name in ("grid", "super", "slic")]
        found = [grouping_of(one, picture.shown, record, on=on) for one in methods]
        return describe_groupings(found, record, picture.shown, truth)

    return {on: table(on) for on in ("token", "pixel")}


def test_the_sentence_holds_the_numbers_of_the_table(tables):
    table = tables["token"].set_index("method")
    learned, others = table.loc["super"], table.drop("super")
    best = others["explained_variation"].idxmax()
    accurate = others["achievable_segmentation_accuracy"].idxmax()
    assert groups_answer(tables["token"].to_dict("records"), 2) == (
        f"{learned.in_pieces} of {learned.segments} learned groups are in pieces; {METHODS[best].title} explains "
        f"{others.explained_variation[best]:.2f} of the colour variance, the learned groups "
        f"{learned.explained_variation:.2f}; "
        f"{METHODS[accurate].title} reaches an accuracy of "
        f"{others.achievable_segmentation_accuracy[accurate]:.2f} against 2 annotators, the learned groups "
        f"{learned.achievable_segmentation_accuracy:.2f}."
    )


def test_pixels_are_not_held_against_tokens(tables):
    rows = tables["pixel"].to_dict("records")
    assert [row["level"] for row in rows] == ["pixel", "token", "pixel"]
    assert groups_answer(rows).endswith("not compared with groups of pixels, which can follow finer edges.")
    assert "SLIC" not in groups_answer(rows)


def test_without_learned_groups_the_best_is_named(tables):
    rows = tables["token"][tables["token"]["method"] != "super"].to_dict("records")
    best = max(rows, key=lambda row: row["explained_variation"])
    assert groups_answer(rows).startswith(f"Of what is shown, {best['grouping']} explains most")


def test_one_group_is_singular():
    row = {
        "grouping": "L",
        "method": "super",
        "level": "token",
        "segments": 1,
        "in_pieces": 1,
        "explained_variation": 0,
    }
    assert groups_answer([row]).startswith("1 of 1 learned group is in pieces")
