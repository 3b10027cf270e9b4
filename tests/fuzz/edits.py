"""Edits that damage a file: the same for Hypothesis and for long runs."""

import random
from typing import NamedTuple

from hypothesis import strategies as st

PIECES = (
    b"\0",
    b"\xff",
    b"\x7f",
    b"\x80",
    b"\x01",
    b"\0\0\0\0",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\0\x10\0\0",
)


class Edit(NamedTuple):
    """Replace `removed` bytes at a place, given as a share of the file, by a piece."""

    place: float
    removed: int
    piece: bytes


def damage(data: bytes, edits: list[Edit]) -> bytes:
    """Apply edits one after another."""
    for place, removed, piece in edits:
        at = int(place * len(data))
        data = data[:at] + piece + data[at + removed :]
    return data


def edit_lists() -> st.SearchStrategy[list[Edit]]:
    """Lists of edits for Hypothesis; headers, which lie at the start, are hit as often as all the rest."""
    place = st.one_of(st.floats(0, 0.05), st.floats(0, 1))
    piece = st.one_of(st.binary(max_size=4), st.sampled_from(PIECES))
    in_place = st.builds(lambda at, piece: Edit(at, len(piece), piece), place, piece)
    return st.lists(st.one_of(in_place, st.builds(Edit, place, st.integers(0, 2000), piece)), min_size=1, max_size=4)


def random_edits(source: random.Random) -> list[Edit]:
    """Lists of the same kind for long runs."""
    return [_random_edit(source) for _ in range(source.choice((1, 1, 1, 2, 3, 8)))]


def _random_edit(source: random.Random) -> Edit:
    place = source.random() ** source.choice((1, 4))
    piece = source.choice((source.choice(PIECES), source.randbytes(source.randint(0, 4))))
    removed = len(piece) if source.random() < 0.8 else source.randint(0, 2000)
    return Edit(place, removed, piece)
