"""The groupings of a picture: each method at each resolution and count, under names that are told apart."""

import numpy as np
import pytest
import torch

from analysis.grouping.methods import METHODS, chosen_methods
from analysis.grouping.truth import Truth
from analysis.superpixels.candidates import Plan, candidates, nearest_grid
from analysis.superpixels.rows import picture_table
from analysis.superpixels.table import COLUMN_TYPES, STABILITY
from stvit import capture
from stvit.images import prepare
from tests.support.tiny import tiny_model

CHEAP = ["grid", "super", "super_connected", "slic", "soft_kmeans", "random"]


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return tiny_model()


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(0).integers(0, 256, (8, 12, 3), np.uint8).repeat(12, 0).repeat(12, 1)


def plan(sizes=(64,), counts=(), on=("token", "pixel"), methods=CHEAP):
    return Plan(chosen_methods(methods), sizes, counts, on)


def test_every_method_is_there_at_every_resolution(model, image):
    found = [one.place for one in candidates(model, image, plan())]
    assert len(found) == len(set(found))
    shapes = {(one.method, one.resolution, one.stage, one.block) for one in found}
    for method in CHEAP:
        if METHODS[method].knows_model:
            assert {(method, "token", *place) for place in ((0, 0), (0, 1), (1, 0), (2, 0))} <= shapes
        else:
            assert {(method, "token", stage, None) for stage in (0, 1, 2)} <= shapes
            assert (method, "pixel", None, None) in shapes


def test_learned_groups_are_those_of_the_block_on_the_whole_picture(model, image):
    for one in candidates(model, image, plan(methods=["super"])):
        picture = prepare(image, 64, mode="whole")
        record = next(
            r
            for b, r in capture(model, picture.pixels).items()
            if (b.stage, b.block) == (one.place.stage, one.place.block)
        )
        labels = record.labels()[0].numpy()
        rows = ((np.arange(96) + 0.5) * labels.shape[0] / 96).astype(int)
        columns = ((np.arange(144) + 0.5) * labels.shape[1] / 144).astype(int)
        np.testing.assert_array_equal(one.labels, labels[rows[:, None], columns])


def test_counts_are_asked_of_methods_that_see_pixels(model, image):
    found = list(candidates(model, image, plan(counts=(5, 20), methods=["slic", "random"])))
    pixels = [one for one in found if one.place.resolution == "pixel"]
    assert [(one.place.at, one.requested) for one in pixels] == [
        ("5 segments", 5),
        ("5 segments", 5),
        ("20 segments", 20),
        ("20 segments", 20),
    ]
    assert [len(np.unique(one.labels)) for one in pixels if one.place.method == "random"] == [5, 20]


def test_the_model_is_not_asked_where_nothing_depends_on_it(model, image, monkeypatch):
    monkeypatch.setattr("analysis.superpixels.candidates.capture", None)
    found = list(candidates(model, image, plan(counts=(6,), on=("pixel",), methods=["grid", "random"])))
    assert {one.place.at for one in found} == {"6 segments"}


def test_a_model_without_super_tokens_is_refused(image):
    with pytest.raises(ValueError, match="no super tokens"):
        list(candidates(tiny_model(cells=(1, 1, 1, 1)), image, plan()))


@pytest.mark.parametrize(("count", "expected"), [(1, (1, 1)), (200, (12, 17)), (150, (10, 15)), (7, (2, 4))])
def test_a_grid_of_about_square_cells(count, expected):
    grid = nearest_grid(321, 481, count)
    assert (grid.rows, grid.columns) == expected


def test_the_table_has_a_row_for_each_grouping_and_annotator(model, image):
    maps = [np.arange(96 * 144).reshape(96, 144) // 3000, np.arange(96 * 144).reshape(96, 144) % 144 // 40]
    chosen = plan(methods=["super", "random"])
    table = picture_table(model, image, Truth.of(maps), chosen, "one.png", stability=True)
    places = [one.place for one in candidates(model, image, chosen)]
    assert list(table.columns) == list(COLUMN_TYPES)
    assert len(table) == 2 * len(places)
    assert set(table["image"]) == {"one.png"}
    random = table[(table["method"] == "random") & (table["resolution"] == "pixel")]
    assert (random[["stability_blur", "stability_noise", "stability_brightness"]] == 1).all(axis=None)
    assert (random["stability_flip"] < 1).all()
    learned = table[table["method"] == "super"]
    assert learned[list(STABILITY)].notna().all(axis=None)
    assert learned["cosine_own"].notna().all()
    assert random["cosine_own"].isna().all()
    assert learned["soft_achievable_segmentation_accuracy"].notna().all()
