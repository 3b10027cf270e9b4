"""Colours of groups that match between maps: an assignment by brute force, permuted names, neighbours apart."""

from itertools import permutations

import numpy as np
import pytest

from analysis.figures.matched_colours import PALETTE, matched_colours, painted
from analysis.grouping.label_maps import grid_labels, neighbour_pairs
from analysis.grouping.matching import matched_labels
from analysis.grouping.slic import slic_labels


def alone(labels):
    """Paint one map by itself."""
    return painted(labels, matched_colours([labels])[0])


def test_as_many_pixels_as_possible_keep_their_label():
    random = np.random.default_rng(0)
    labels, reference = random.integers(0, 4, (6, 8)), random.integers(0, 4, (6, 8))
    best = max(
        sum(((labels == a) & (reference == b)).sum() for a, b in enumerate(order)) for order in permutations(range(4))
    )
    assert (matched_labels(labels, reference) == reference).sum() == best


def test_labels_that_are_left_over_get_names_of_their_own():
    labels = np.array([[4, 4, 9, 9, 2]])
    np.testing.assert_array_equal(matched_labels(labels, np.array([[3, 3, 3, 3, 3]])), [[3, 3, 5, 5, 4]])


def test_the_same_groups_under_other_names_look_the_same():
    labels = grid_labels(24, 32, 6, 8)
    renamed = np.random.default_rng(1).permutation(90)[labels]
    first, second = (
        painted(one, colours)
        for one, colours in zip((labels, renamed), matched_colours([labels, renamed]), strict=True)
    )
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(first, alone(labels))


def test_neighbours_never_share_a_colour_and_partners_mostly_do():
    image = np.random.default_rng(2).integers(0, 256, (12, 16, 3), np.uint8).repeat(6, 0).repeat(6, 1)
    coarse = slic_labels(image, 40).labels
    fine = grid_labels(72, 96, 6, 8)
    maps = [fine, coarse]
    colours = matched_colours(maps)
    for labels, chosen in zip(maps, colours, strict=True):
        values = np.unique(labels)
        for one, other in np.searchsorted(values, neighbour_pairs(labels, diagonal=True)):
            assert (chosen[one] != chosen[other]).any()
    same = (painted(fine, colours[0]) == painted(coarse, colours[1])).all(axis=-1)
    partners = matched_labels(coarse, fine) == fine
    assert same[partners].mean() > 0.8


def test_maps_of_tokens_and_of_pixels_are_matched_over_the_same_places():
    tokens = grid_labels(4, 6, 2, 3)
    pixels = tokens.repeat(5, axis=0).repeat(5, axis=1)
    first, second = matched_colours([tokens, 10 - pixels])
    np.testing.assert_array_equal(first, second[::-1])


@pytest.mark.parametrize("colours", [1, 3, 8])
def test_touching_groups_differ_however_few_colours_there_are(colours, monkeypatch):
    monkeypatch.setattr("analysis.figures.matched_colours.PALETTE", PALETTE[:colours])
    labels = np.random.default_rng(colours).integers(0, 30, (9, 9))
    (chosen,) = matched_colours([labels])
    colour = dict(zip(np.unique(labels).tolist(), map(tuple, chosen.tolist()), strict=True))
    assert all(colour[a] != colour[b] for a, b in neighbour_pairs(labels, diagonal=True).tolist())


def test_colours_stay_distinct_when_all_segments_touch():
    labels = np.random.default_rng(7).integers(0, 60, (200, 200))
    assert len(neighbour_pairs(labels)) == 60 * 59 / 2
    assert len(np.unique(matched_colours([labels])[0], axis=0)) == 60


def test_a_grid_needs_no_more_than_the_palette():
    (colours,) = matched_colours([grid_labels(24, 24, 12, 12)])
    assert set(map(tuple, colours.tolist())) <= set(map(tuple, PALETTE.tolist()))


def test_a_label_keeps_its_colour_when_another_goes_empty():
    labels = np.repeat([[0, 5, 2, 7]], 3, axis=0)
    gone = np.repeat([[0, 5, 5, 7]], 3, axis=0)
    kept = labels == gone
    np.testing.assert_array_equal(alone(labels)[kept], alone(gone)[kept])
    np.testing.assert_array_equal(alone(labels)[0], PALETTE[[0, 5, 2, 7]])
