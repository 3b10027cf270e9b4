"""People's regions of one picture: framed as the picture, scored as the command scores, and refused in one sentence."""

import io

import numpy as np
import pytest
from PIL import Image

from analysis.grouping.boundary_scores import boundary_recall
from analysis.grouping.groupings import describe_groupings, grouping_of
from analysis.grouping.label_files import LabelFileError
from analysis.grouping.label_maps import upsample_labels
from analysis.grouping.methods import METHODS
from analysis.grouping.overlap_scores import achievable_segmentation_accuracy
from analysis.superpixels.one_picture import read_people
from stvit import BlockId, capture, create_model
from stvit.images import prepare

HALVES = np.tile(np.arange(150) // 75, (100, 1)).astype(np.uint8)


def npz(**arrays) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def picture():
    return prepare(np.random.default_rng(0).integers(0, 256, (100, 150, 3), np.uint8), 64)


def test_regions_are_cropped_as_the_picture_is(picture):
    found = read_people("a.npz", npz(one=HALVES, two=1 - HALVES), picture.framing)
    assert [labels.shape for labels in found.maps] == [(64, 64)] * 2
    np.testing.assert_array_equal(found.maps[0], np.tile(np.arange(64) // 32, (64, 1)))
    np.testing.assert_array_equal(found.only(1).maps[0], 1 - found.maps[0])
    assert len(found.only(1).truth.annotations) == 1


def test_regions_of_the_size_that_is_shown_stay_as_they_are(picture):
    labels = np.arange(64 * 64).reshape(64, 64) // 700
    np.testing.assert_array_equal(read_people("a.npz", npz(a=labels), picture.framing).maps[0], labels)


def test_the_scores_are_those_of_the_functions(picture):
    record = capture(create_model("stvit_demo", seed=0).eval(), picture.pixels)[BlockId(0, 0)]
    people = read_people(
        "a.npz", npz(one=HALVES, two=np.rot90(HALVES[:, :100], 1, (0, 1))[:100].repeat(2, 1)[:, :150]), picture.framing
    )
    found = [grouping_of(METHODS[name], picture.shown, record) for name in ("super", "slic")]
    table = describe_groupings(found, record, picture.shown, people.truth)
    for row, grouping in zip(table.to_dict("records"), found, strict=True):
        labels = upsample_labels(grouping.labels, 64, 64)
        accuracies = [achievable_segmentation_accuracy(labels, reference) for reference in people.maps]
        recalls = [boundary_recall(labels, reference, people.truth.tolerance) for reference in people.maps]
        assert row["achievable_segmentation_accuracy"] == pytest.approx(np.mean(accuracies))
        assert row["achievable_segmentation_accuracy_best"] == pytest.approx(max(accuracies))
        assert row["boundary_recall"] == pytest.approx(np.mean(recalls))
    assert np.isfinite(table["soft_accuracy"][0])
    assert np.isnan(table["soft_accuracy"][1])


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.npz", npz(a=HALVES[:50]), r"50 x 150 .* the picture \(100 x 150\) or what the model sees \(64 x 64\)"),
        ("a.npz", npz(), "at least one annotator"),
        ("a.jpg", b"", "a file of .mat, .png, .npz"),
        ("a.mat", b"nonsense", "cannot be read as .mat"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(picture, name, data, words):
    with pytest.raises(LabelFileError, match=words) as caught:
        read_people(name, data, picture.framing)
    assert "\n" not in str(caught.value)


def test_an_annotator_who_labelled_nothing_is_refused(picture):
    buffer = io.BytesIO()
    Image.fromarray(np.full((100, 150), 255, np.uint8)).save(buffer, "PNG")
    with pytest.raises(ValueError, match="labelled nothing"):
        read_people("a.png", buffer.getvalue(), picture.framing)


def test_an_annotator_who_does_not_exist_is_named(picture):
    with pytest.raises(LabelFileError, match=r"no annotator 3; a.npz is by 1 annotator"):
        read_people("a.npz", npz(a=HALVES), picture.framing).only(2)
