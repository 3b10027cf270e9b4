"""Means, the best annotator, areas and ranks, from tables of a few rows."""

import numpy as np
import pandas as pd
import pytest

from analysis.many_pictures.tables import as_typed
from analysis.superpixels.summary import areas, per_picture, ranked, summarise
from analysis.superpixels.table import COLUMN_TYPES
from analysis.superpixels.words import markdown


def table(*rows):
    """Rows of (image, at, method, segments, annotator, recall, error); everything else is 1 or missing."""
    names = ("image", "at", "method", "segments", "annotator", "boundary_recall", "undersegmentation_error")
    found = pd.DataFrame(rows, columns=names)
    filled = {"resolution": "pixel", "stage": pd.NA, "block": pd.NA}
    for name in COLUMN_TYPES:
        if name not in found:
            missing = name.startswith(("cosine", "stability", "soft"))
            found[name] = filled.get(name, np.nan if missing else 1)
    return as_typed(found[list(COLUMN_TYPES)], COLUMN_TYPES)


TABLE = table(
    ("a.jpg", "50 segments", "slic", 48, 0, 0.2, 0.5),
    ("a.jpg", "50 segments", "slic", 48, 1, 0.6, 0.3),
    ("b.jpg", "50 segments", "slic", 52, 0, 0.8, 0.2),
    ("a.jpg", "100 segments", "slic", 100, 0, 0.7, 0.1),
    ("b.jpg", "100 segments", "slic", 100, 0, np.nan, 0.1),
)


def test_annotators_are_averaged_and_the_best_is_kept():
    found = per_picture(TABLE).set_index(["image", "at"]).loc[("a.jpg", "50 segments")]
    assert found["boundary_recall"] == pytest.approx(0.4)
    assert found["boundary_recall_best"] == 0.6
    assert found["undersegmentation_error"] == pytest.approx(0.4)
    assert found["undersegmentation_error_best"] == 0.3
    assert (found["annotators"], found["segments"]) == (2, 48)


def test_each_picture_counts_once_however_many_annotators_it_has():
    found = summarise(per_picture(TABLE)).set_index("at")
    assert found.loc["50 segments", "boundary_recall"] == pytest.approx((0.4 + 0.8) / 2)
    assert found.loc["50 segments", "segments"] == 50
    assert found.loc["100 segments", "boundary_recall"] == pytest.approx(0.7)  # of the picture that has one
    assert list(found["pictures"]) == [2, 2]


def test_the_area_is_the_mean_over_the_range():
    found = areas(summarise(per_picture(TABLE)), ["boundary_recall", "undersegmentation_error"])
    assert len(found) == 1
    assert found.loc[0, "boundary_recall"] == pytest.approx((0.6 + 0.7) / 2)
    assert found.loc[0, "undersegmentation_error"] == pytest.approx((0.3 + 0.1) / 2)
    assert (found.loc[0, "fewest"], found.loc[0, "most"], found.loc[0, "points"]) == (50, 100, 2)
    one = summarise(per_picture(TABLE[TABLE["at"] == "50 segments"]))
    assert areas(one, ["boundary_recall"]).empty


def test_pictures_are_ranked_the_right_way_round():
    place = {"at": "50 segments", "method": "slic"}
    assert ranked(per_picture(TABLE), place, "boundary_recall") == ["b.jpg", "a.jpg"]
    assert ranked(per_picture(TABLE), place, "undersegmentation_error") == ["b.jpg", "a.jpg"]
    assert ranked(per_picture(TABLE), place, "segments") == ["b.jpg", "a.jpg"]
    assert ranked(per_picture(TABLE), {"method": "grid"}, "segments") == []


def test_the_summary_in_words_says_tolerance_and_counts():
    text = markdown(summarise(per_picture(TABLE)), 2)
    assert "Means over 2 pictures" in text
    assert "tolerance r = 1 px" in text
    assert "| SLIC | pixels | 50 |" in text
    assert "soft ASA" not in text  # nobody has one
    assert "nan" not in text


def test_tokens_and_pixels_are_never_in_one_table():
    on_tokens = TABLE.assign(resolution="token", stage=0)
    text = markdown(summarise(per_picture(pd.concat([TABLE, on_tokens], ignore_index=True))), 2)
    tables = [part.split("### ")[0] for part in text.split("\n### ")[1:] if not part.startswith("Area")]
    assert len(tables) == 2 * TABLE["at"].nunique()
    for table in tables:
        heading = table.splitlines()[0]
        assert ("| pixels |" in table) == heading.endswith(", on pixels")
        assert ("| tokens of stage 1 |" in table) == heading.endswith(", on tokens")
