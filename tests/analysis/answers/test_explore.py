"""The sentence of Explore against the rows that it is about."""

import math
import re

import numpy as np
import pytest

from analysis.answers.explore import explore_answer
from analysis.redundancy.measure import measure_row
from stvit import TokenGrid

GRID = TokenGrid(6, 8, 1)


def by_hand(row: np.ndarray, anchor: int) -> tuple[float, float]:
    """Return mean distance in px and entropy in nats, token by token."""
    share = row / row.sum()
    places = [divmod(token, 8) for token in range(48)]
    top, left = places[anchor]
    distance = sum(part * 4 * math.hypot(r - top, c - left) for part, (r, c) in zip(share, places, strict=True))
    return distance, -sum(part * math.log(part) for part in share)


def test_the_numbers_are_those_of_the_rows() -> None:
    generator = np.random.default_rng(0)
    own, other = generator.random(48) * 0.02, generator.random(48) ** 4
    sentence = explore_answer(
        "super token attention", measure_row(own, GRID, 9, 4), measure_row(other, GRID, 9, 4), GRID.num_tokens
    )
    found = [float(number) for number in re.findall(r"\d+\.?\d*", sentence)]
    (one, spread), (two, narrow) = by_hand(own, 9), by_hand(other, 9)
    assert found == pytest.approx([one, two, spread, narrow, math.log(48)], abs=0.5)
    assert found[2:] == pytest.approx([spread, narrow, math.log(48)], abs=0.006)
    assert sentence.startswith("From the pinned token, super token attention reaches ")
