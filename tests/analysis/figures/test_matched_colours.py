"""Colours of groups that match between maps: an assignment by brute force, permuted names, neighbours apart."""

from itertools import permutations

import numpy as np

from analysis.figures.matched_colours import matched_colours, painted
from analysis.figures.paint import colour_labels
from analysis.grouping.label_maps import grid_labels, neighbour_pairs
from analysis.grouping.matching import matched_labels
from analysis.grouping.slic import slic_labels


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
    np.testing.assert_array_equal(first, colour_labels(labels))


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
