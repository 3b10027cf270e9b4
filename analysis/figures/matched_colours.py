"""Distinct colours for several groupings of one picture, the same colour where groups overlap most."""

from collections.abc import Sequence
from itertools import chain, count
from typing import TypeAlias

import numpy as np
from jaxtyping import Int, Integer, UInt8

from analysis.grouping.label_maps import Image, Labels, compact_labels, neighbour_pairs, upsample_labels
from analysis.grouping.matching import matched_labels

Colours: TypeAlias = UInt8[np.ndarray, "_ 3"]
"""Of each group, in increasing order of the labels."""

PALETTE: UInt8[np.ndarray, "8 3"] = np.array(
    [
        (86, 180, 233),  # sky blue
        (230, 159, 0),  # orange
        (0, 158, 115),  # bluish green
        (240, 228, 66),  # yellow
        (0, 114, 178),  # blue
        (213, 94, 0),  # vermilion
        (204, 121, 167),  # reddish purple
        (200, 200, 200),  # grey, where the source has black
    ],
    dtype=np.uint8,
)
"""Colours that people with any common colour vision tell apart (Okabe and Ito 2008)."""

GOLDEN_RATIO = 0.6180339887498949


def matched_colours(maps: Sequence[Integer[np.ndarray, "_ _"]], reference: int = 0) -> list[Colours]:
    """Return the colours of each map.

    No two groups of a map that touch, be it at a corner, have the same colour. In the reference, label m has colour m
    of the palette, or the next one that its lower-numbered neighbours leave free, so that a super token mostly keeps
    its colour from block to block. In the other maps, a group has the colour of the group of the reference that it was
    matched to (`matched_labels`), unless a larger neighbour has it. When the palette runs out, its colours come again
    darker and lighter.

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
    palette = _extend_palette(PALETTE, max(int(choice.max()) for choice in choices) + 1)
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
        return _distinct_choices(values, pairs, len(PALETTE))
    order = np.argsort(-np.bincount(segment.ravel()), kind="stable")
    place = np.argsort(order, kind="stable")
    turned = np.sort(place[pairs], axis=1)
    found = _distinct_choices(wanted[order], turned[np.lexsort(turned.T[::-1])], len(PALETTE))
    return found[place]


def _distinct_choices(values: np.ndarray, pairs: np.ndarray, colours: int) -> Int[np.ndarray, " segments"]:
    """Return a colour number for each segment that none of its neighbours has, preferably its label's."""
    lower: list[list[int]] = [[] for _ in values]
    for first, second in pairs.tolist():
        lower[second].append(first)
    choice: list[int] = []
    for value, neighbours in zip(values.tolist(), lower, strict=True):
        taken = {choice[neighbour] for neighbour in neighbours}
        preferred = ((value + step) % colours for step in range(colours))
        choice.append(next(c for c in chain(preferred, count(colours)) if c not in taken))
    return np.array(choice)


def _extend_palette(palette: np.ndarray, size: int) -> UInt8[np.ndarray, "colours 3"]:
    """Return at least `size` colours: the palette, then its shades and tints in turn."""
    rounds = [palette.astype(np.float64)]
    for turn in range(1, -(-size // len(palette))):
        target = 0 if turn % 2 else 255
        amount = 0.15 + 0.6 * ((0.5 + GOLDEN_RATIO * (turn // 2)) % 1)  # spreads evenly, however many turns
        rounds.append((1 - amount) * palette + amount * target)
    return np.rint(np.concatenate(rounds)).astype(np.uint8)
