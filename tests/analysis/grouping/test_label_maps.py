"""Label maps: checks, renumbering, sizes, boundaries, components, neighbours; against slow loops and scipy."""

from itertools import product

import numpy as np
import pytest
from scipy import ndimage

from analysis.grouping.label_maps import (
    boundary_mask,
    check_image,
    check_labels,
    check_same_shape,
    compact_labels,
    connected_labels,
    grid_labels,
    neighbour_pairs,
    upsample_labels,
)


@pytest.fixture(params=[0, 1, 2])
def labels(request):
    return np.random.default_rng(request.param).integers(0, 4, (7, 9)) * 3 + 1


def around(labels, y, x, diagonal=False):
    """The labels next to a pixel."""
    steps = [s for s in product((-1, 0, 1), repeat=2) if s != (0, 0) and (diagonal or 0 in s)]
    inside = [(y + dy, x + dx) for dy, dx in steps if 0 <= y + dy < 7 and 0 <= x + dx < 9]
    return [int(labels[place]) for place in inside]


def test_compact_labels_keeps_order_and_can_be_undone(labels):
    compact, values = compact_labels(labels)
    assert sorted(set(compact.ravel().tolist())) == list(range(len(values)))
    assert (np.diff(values) > 0).all()
    np.testing.assert_array_equal(values[compact], labels)


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.int64])
def test_compact_labels_takes_any_whole_type(labels, dtype):
    expected, _ = compact_labels(labels)
    np.testing.assert_array_equal(compact_labels(labels.astype(dtype))[0], expected)


def test_compact_labels_needs_no_table_of_the_highest_label():
    compact, values = compact_labels(np.array([[10**12, 5], [5, 7]]))
    np.testing.assert_array_equal(compact, [[2, 0], [0, 1]])
    np.testing.assert_array_equal(values, [5, 7, 10**12])


def test_grid_labels_are_row_major_and_balanced():
    np.testing.assert_array_equal(grid_labels(2, 6, 2, 3), [[0, 0, 1, 1, 2, 2], [3, 3, 4, 4, 5, 5]])
    sizes = np.bincount(grid_labels(7, 10, 3, 4).ravel())
    assert len(sizes) == 12
    assert sizes.min() == 2 * 2
    assert sizes.max() == 3 * 3


def test_grid_labels_refuse_empty_cells():
    with pytest.raises(ValueError, match="4 x 4 needs 1 to 4 columns, got 5"):
        grid_labels(4, 4, 2, 5)


def test_upsample_labels_repeats_tokens_of_whole_size():
    labels = np.arange(6).reshape(2, 3)
    np.testing.assert_array_equal(upsample_labels(labels, 8, 12), np.kron(labels, np.ones((4, 4), int)))


def test_upsample_labels_takes_the_token_under_the_centre():
    labels = np.arange(3)[None]
    expected = [[int((x + 0.5) * 3 / 7) for x in range(7)]]
    np.testing.assert_array_equal(upsample_labels(labels, 1, 7), expected)


def test_upsample_labels_refuses_to_shrink():
    with pytest.raises(ValueError, match="from 4 to 3 would lose positions"):
        upsample_labels(np.zeros((4, 4), int), 3, 8)


def test_boundary_mask_is_any_of_four_neighbours_different(labels):
    expected = [[any(o != labels[y, x] for o in around(labels, y, x)) for x in range(9)] for y in range(7)]
    np.testing.assert_array_equal(boundary_mask(labels), expected)
    np.testing.assert_array_equal(boundary_mask(labels.astype(np.uint8)), expected)


def test_connected_labels_agree_with_scipy_label_by_label(labels):
    components = connected_labels(labels)
    assert (np.diff(np.unique(components)) == 1).all()
    total = 0
    for value in np.unique(labels):
        expected, pieces = ndimage.label(labels == value)
        found = np.where(labels == value, components, -1)
        assert len(np.unique(found[expected > 0])) == pieces
        assert all(len(np.unique(found[expected == piece])) == 1 for piece in range(1, pieces + 1))
        total += pieces
    assert components.max() + 1 == total


@pytest.mark.parametrize("diagonal", [False, True])
def test_neighbour_pairs_agree_with_a_loop(labels, diagonal):
    expected = {
        (int(labels[y, x]), other)
        for y, x in product(range(7), range(9))
        for other in around(labels, y, x, diagonal)
        if labels[y, x] < other
    }
    assert [tuple(pair) for pair in neighbour_pairs(labels, diagonal=diagonal).tolist()] == sorted(expected)


def test_corners_count_only_when_asked():
    quarters = np.array([[4, 9], [2, 7]])
    sides = [[2, 4], [2, 7], [4, 9], [7, 9]]
    np.testing.assert_array_equal(neighbour_pairs(quarters), sides)
    np.testing.assert_array_equal(neighbour_pairs(quarters, diagonal=True), sorted([*sides, [2, 9], [4, 7]]))


def test_one_segment_has_no_neighbours():
    assert neighbour_pairs(np.ones((3, 3), int)).shape == (0, 2)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((4, 4, 3)), "uint8.*type float64"),
        (np.zeros((4, 4), np.uint8), r"got shape \(4, 4\)"),
        (np.zeros((0, 4, 3), np.uint8), r"got shape \(0, 4, 3\)"),
    ],
)
def test_check_image_says_what_is_needed(array, words):
    with pytest.raises(ValueError, match=words):
        check_image(array)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((1, 4, 4), int), "pass one image at a time"),
        (np.zeros((4, 4)), "whole numbers is needed.*float64"),
        (np.full((4, 4), -1), "at least 0, got -1"),
        (np.zeros((0, 3), int), r"got shape \(0, 3\)"),
    ],
)
def test_check_labels_says_what_is_needed(array, words):
    with pytest.raises(ValueError, match=words):
        check_labels(array)


def test_check_same_shape_names_the_remedy():
    with pytest.raises(ValueError, match=r"the image must have the same.*\(2, 2\) and \(8, 8\).*upsample_labels"):
        check_same_shape(np.zeros((2, 2), int), np.zeros((8, 8, 3)), "the image")
