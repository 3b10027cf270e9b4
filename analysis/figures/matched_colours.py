"""Distinct colours for several groupings of one picture, the same colour where groups overlap most."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from jaxtyping import Int, Integer, UInt8

from analysis.figures.paint import PALETTE, distinct_choices, extend_palette
from analysis.grouping.label_maps import Image, Labels, compact_labels, neighbour_pairs, upsample_labels
from analysis.grouping.matching import matched_labels

Colours: TypeAlias = UInt8[np.ndarray, "_ 3"]
"""Of each group, in increasing order of the labels."""


def matched_colours(maps: Sequence[Integer[np.ndarray, "_ _"]], reference: int = 0) -> list[Colours]:
    """Return the colours of each map.

    No two groups of a map that touch have one colour. A group has the colour of the group of the reference that it
    was matched to (`matched_labels`), unless a larger neighbour has it.

    Args:
        maps: Label maps of one picture at any resolution, all of one aspect ratio.
        reference: Position of the map that gives the colours.

    Example:
        >>> one, other = matched_colours([np.array([[0, 1]]), np.array([[8, 3]])])
        >>> bool((one == other[::-1]).all())
        True
    """
    height, width = (max(labels.shape[axis] for labels in maps) for axis in (0, 1))
    large = [upsample_labels(labels, height, width) for labels in maps]
    names, first = compact_labels(large[reference])[1], _choices(large[reference], None)
    colour_of = dict(zip(names.tolist(), first.tolist(), strict=True))
    choices = [
        first if number == reference else _choices(labels, _wanted(labels, large[reference], colour_of))
        for number, labels in enumerate(large)
    ]
    palette = extend_palette(PALETTE, max(int(choice.max()) for choice in choices) + 1)
    return [palette[choice] for choice in choices]


def painted(labels: Labels, colours: Colours) -> Image:
    """Paint each group, in increasing order of the labels, with its colour."""
    return colours[compact_labels(labels)[0]]


def _wanted(labels: Labels, reference: Labels, colour_of: dict[int, int]) -> Int[np.ndarray, " groups"]:
    """Return the number of the colour that each group should have: its partner's, else one by its own number."""
    segment, values = compact_labels(labels)
    renamed = np.empty(len(values), dtype=np.int64)
    renamed[segment.ravel()] = matched_labels(labels, reference).ravel()
    return np.array([colour_of.get(name, name % len(PALETTE)) for name in renamed.tolist()])


def _choices(labels: Labels, wanted: np.ndarray | None) -> Int[np.ndarray, " groups"]:
    """Return the number of each group's colour; of groups that contend for one, the larger gets it."""
    segment, values = compact_labels(labels)
    pairs = neighbour_pairs(segment, diagonal=True)
    if wanted is None:
        return distinct_choices(values, pairs, len(PALETTE))
    order = np.argsort(-np.bincount(segment.ravel()), kind="stable")
    place = np.argsort(order, kind="stable")
    turned = np.sort(place[pairs], axis=1)
    found = distinct_choices(wanted[order], turned[np.lexsort(turned.T[::-1])], len(PALETTE))
    return found[place]
