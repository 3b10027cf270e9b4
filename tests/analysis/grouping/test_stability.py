"""Stability: groupings that follow the picture exactly agree after each change is undone, others do not."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from analysis.grouping.label_maps import grid_labels
from analysis.grouping.overlap_scores import adjusted_rand_index
from analysis.grouping.stability import BLUR, BRIGHTNESS, DISTURBANCES, NOISE, SHIFT, agreement, disturbed

CHANGES = {change.name: change for change in DISTURBANCES}


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(40, 180, (40, 52, 3), dtype=np.uint8)


def follow(image):
    """A grouping that depends on each pixel's colour alone."""
    return (image[..., 0] // 32).astype(np.int64)


@pytest.mark.parametrize("name", ["shift", "flip"])
def test_what_follows_the_pixels_agrees_once_the_change_is_undone(image, name):
    changed = follow(disturbed(image, CHANGES[name]))
    assert agreement(follow(image), changed, CHANGES[name]) == 1
    assert adjusted_rand_index(follow(image), changed) < 0.1


def test_a_grid_is_stable_but_for_a_shift():
    labels = grid_labels(40, 52, 5, 4)
    found = {name: agreement(labels, labels, change) for name, change in CHANGES.items()}
    assert {name for name, value in found.items() if value == 1} == {"blur", "noise", "brightness", "flip"}
    moved = grid_labels(40, 52, 5, 4)[SHIFT:, SHIFT:]
    assert found["shift"] == pytest.approx(adjusted_rand_index(labels[:-SHIFT, :-SHIFT], moved))


def test_the_changes_are_what_they_say(image):
    real = {name: disturbed(image, change) for name, change in CHANGES.items()}
    np.testing.assert_array_equal(real["brightness"], np.rint(np.minimum(image * BRIGHTNESS, 255)))
    np.testing.assert_array_equal(real["flip"], image[:, ::-1])
    np.testing.assert_array_equal(real["shift"][SHIFT:, SHIFT:], image[:-SHIFT, :-SHIFT])
    channel = gaussian_filter(image[..., 1].astype(float), BLUR, mode="nearest")
    np.testing.assert_array_equal(real["blur"][..., 1], np.rint(channel))
    assert (real["noise"].astype(float) - image).std() == pytest.approx(NOISE, rel=0.05)
    np.testing.assert_array_equal(real["noise"], disturbed(image, CHANGES["noise"]))


@pytest.mark.usefixtures("unchecked")
def test_shapes_must_agree():
    with pytest.raises(ValueError, match="same height and width"):
        agreement(np.zeros((20, 30), int), np.zeros((30, 20), int), CHANGES["blur"])
