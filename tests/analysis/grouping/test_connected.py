"""Groups in one piece: a flood by hand, counts, and maps that are known."""

import numpy as np
import pytest

from analysis.grouping.connected import largest_pieces
from analysis.grouping.label_maps import connected_labels, grid_labels, upsample_labels


def pieces_of(labels):
    """The pieces of each label, found by a flood, row by row."""
    places = {tuple(place): labels[tuple(place)] for place in np.argwhere(labels >= 0)}
    seen, pieces = set(), []
    for start, value in places.items():
        if start in seen:
            continue
        piece, front = set(), {start}
        while front:
            piece |= front
            near = {(y + a, x + b) for y, x in front for a, b in ((0, 1), (1, 0), (0, -1), (-1, 0))}
            front = {place for place in near - piece if places.get(place) == value}
        seen |= piece
        pieces.append((int(value), piece))
    return pieces


def slow_largest_pieces(labels):
    """The definition, in rounds."""
    kept, waiting = {}, []
    for value, piece in sorted(pieces_of(labels), key=lambda found: (-len(found[1]), min(found[1]))):
        if value in kept:
            waiting.append(piece)
        else:
            kept[value] = piece
    settled = {place: value for value, piece in kept.items() for place in piece}
    while waiting:
        joining = {}
        for number, piece in enumerate(waiting):
            sides = [(y + a, x + b) for y, x in piece for a, b in ((0, 1), (1, 0), (0, -1), (-1, 0))]
            values = [settled[place] for place in sides if place in settled]
            if values:
                joining[number] = min(set(values), key=lambda value, found=values: (-found.count(value), value))
        settled |= {place: value for number, value in joining.items() for place in waiting[number]}
        waiting = [piece for number, piece in enumerate(waiting) if number not in joining]
    return np.array([[settled[y, x] for x in range(labels.shape[1])] for y in range(labels.shape[0])])


@pytest.mark.parametrize("seed", range(6))
def test_agrees_with_a_flood(seed):
    rng = np.random.default_rng(seed)
    labels = upsample_labels(rng.integers(0, 4 + seed, (7, 8)) * 3 + 2, 15, 16)
    labels[rng.random(labels.shape) < 0.1] = 2
    found = largest_pieces(labels)
    np.testing.assert_array_equal(found, slow_largest_pieces(labels))
    assert len(np.unique(connected_labels(found))) == len(np.unique(labels))
    assert set(np.unique(found)) == set(np.unique(labels))


def test_what_is_in_one_piece_stays():
    labels = grid_labels(12, 12, 3, 4)
    np.testing.assert_array_equal(largest_pieces(labels), labels)


def test_a_piece_inside_a_piece_waits_for_it():
    labels = np.full((9, 9), 1)
    labels[1:6, 1:6] = 0  # an island of 0, smaller than the 0 below
    labels[2:5, 2:5] = 1  # and in it one of 1, which touches nothing but the island
    labels[6:] = 0
    labels[8] = 2
    assert (largest_pieces(labels)[:6, 7:] == 1).all()
    np.testing.assert_array_equal(largest_pieces(labels), slow_largest_pieces(labels))
