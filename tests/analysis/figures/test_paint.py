"""Rendering: lines on known pixels, means against loops, neighbouring colours."""

from itertools import product

import numpy as np
import pytest

from analysis.figures.paint import (
    BLACK,
    EDGE_OPACITY,
    draw_boundaries,
    mean_colours,
)
from analysis.grouping.label_maps import grid_labels

RED = (255, 0, 0)


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)


@pytest.fixture
def labels():
    return np.random.default_rng(1).integers(0, 9, (6, 8)) * 2


def where(drawn, colour):
    """Rows and columns that hold a colour."""
    return {tuple(place) for place in np.argwhere((drawn == colour).all(axis=-1)).tolist()}


@pytest.mark.parametrize(("thickness", "columns"), [(1, {3}), (2, {3, 4}), (3, {2, 3, 4}), (4, {2, 3, 4, 5})])
def test_a_line_is_centred_on_the_crack(thickness, columns):
    plain = np.full((5, 8, 3), 90, np.uint8)
    drawn = draw_boundaries(plain, grid_labels(5, 8, 1, 2), RED, thickness, edge=None)
    assert where(drawn, RED) == {(y, x) for y in range(5) for x in columns}
    assert len(where(drawn, 90)) == 40 - 5 * len(columns)


def test_lines_turn_without_gaps():
    plain, quarter = np.zeros((6, 6, 3), np.uint8), np.zeros((6, 6), int)
    quarter[2:, 2:] = 1
    drawn = draw_boundaries(plain, quarter, RED, edge=None)
    assert where(drawn, RED) == {(1, x) for x in range(1, 6)} | {(y, 1) for y in range(1, 6)}
    drawn = draw_boundaries(plain, quarter[::-1, ::-1], RED, edge=None)
    assert where(drawn, RED) == {(3, x) for x in range(4)} | {(y, 3) for y in range(4)}


def test_a_line_marks_the_corners_where_segments_meet(image, labels):
    drawn = draw_boundaries(image // 2, labels, RED, edge=None)
    full = np.kron(labels, np.ones((2, 2), int))
    expected = {
        (y, x) for y, x in product(range(12), range(16)) if len(set(full[y : y + 2, x : x + 2].ravel().tolist())) > 1
    }
    assert where(drawn, RED) == expected


def test_the_edge_lies_beside_the_line_and_lets_the_image_through():
    plain = np.full((4, 9, 3), 200, np.uint8)
    drawn = draw_boundaries(plain, np.repeat([[0] * 5 + [1] * 4], 4, axis=0), RED)
    assert where(drawn, RED) == {(y, 4) for y in range(4)}
    beside = round((1 - EDGE_OPACITY) * 200)
    assert where(drawn, (beside,) * 3) == {(y, x) for y in range(4) for x in (3, 5)}
    assert where(drawn, 200) == {(y, x) for y in range(4) for x in (0, 1, 2, 6, 7, 8)}


@pytest.mark.parametrize("ground", [0, 128, 255])
def test_the_default_line_stands_out_on_any_ground(ground):
    drawn = draw_boundaries(np.full((6, 12, 3), ground, np.uint8), grid_labels(6, 12, 1, 2))
    assert np.ptp(drawn[3, :, 0].astype(int)) >= 127


def test_one_segment_has_no_line(image):
    np.testing.assert_array_equal(draw_boundaries(image, np.zeros((3, 4), int)), image)


def test_the_image_is_not_changed(image, labels):
    before = image.copy()
    draw_boundaries(image, labels, BLACK, 3)
    np.testing.assert_array_equal(image, before)


def test_mean_colours_agree_with_a_loop(image, labels):
    full = np.kron(labels, np.ones((2, 2), int))
    painted = mean_colours(image, labels)
    for value in np.unique(full):
        mean = image[full == value].astype(float).mean(axis=0)
        assert np.abs(painted[full == value] - mean).max() <= 0.5


def test_mean_colours_of_single_pixels_are_the_image(image):
    np.testing.assert_array_equal(mean_colours(image, np.arange(12 * 16).reshape(12, 16)), image)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda i: draw_boundaries(i, np.zeros((2, 2), int), RED, 0), "at least 1 pixel, got 0"),
        (lambda i: draw_boundaries(i, np.zeros((13, 2), int)), "from 13 to 12 would lose"),
        (lambda i: mean_colours(i, np.zeros((2, 17), int)), "from 17 to 16 would lose"),
    ],
)
def test_what_cannot_be_is_refused(image, call, words):
    with pytest.raises(ValueError, match=words):
        call(image)
