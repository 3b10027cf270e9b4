"""Counts and top shares of long rows without sorting them: against sorted rows in double precision."""

import numpy as np
import pytest

from analysis.redundancy.selected_rows import count_tokens

LEFT_OUT = np.array([0.5, 0.1, 0.01])


def rows_of(kind, count, rng):
    """Eight unlike rows, as single precision holds them."""
    spread = rng.uniform(0, 12, (8, 1))
    rows = {
        "lognormal": lambda: np.exp(spread * rng.standard_normal((8, count))),
        "nearly uniform": lambda: 1 + 10**-spread * rng.random((8, count)),
        "few values": lambda: rng.integers(0, 4, (8, count)) ** 3 + (np.arange(count) == 5),
        "mostly zeros": lambda: rng.random((8, count)) * (rng.random((8, count)) < 0.003) + (np.arange(count) == 5),
        "bumps": lambda: np.exp(-(((np.arange(count) - count * rng.random((8, 1))) * spread / count) ** 2)),
        "subnormal": lambda: np.where(rng.random((8, count)) < 0.5, 1e-40, rng.random((8, count))),
        "one-hot": lambda: np.eye(8, count, 17),
        "uniform": lambda: np.ones((8, count)),
    }[kind]()
    return rows.astype(np.float32)


def by_sorting(row, top):
    """What `count_tokens` finds, and how close the next weight was to being counted otherwise, of one row."""
    falling = np.sort(row.astype(np.float64))[::-1] / row.sum(dtype=np.float64)
    light = falling[::-1].cumsum()
    return [len(row) - (light <= part).sum() for part in LEFT_OUT], falling[:top].sum(), light


def found(rows, top, guesses=None):
    mass, out = rows.sum(-1, dtype=np.float64).astype(np.float32), np.empty((4, 1, len(rows)))
    guesses = np.zeros((1, 4, 2)) if guesses is None else guesses
    count_tokens(rows[None], mass[None], LEFT_OUT, top, guesses, out)
    return out[:, 0]


@pytest.mark.parametrize(
    "kind",
    ["lognormal", "nearly uniform", "few values", "mostly zeros", "bumps", "subnormal", "one-hot", "uniform"],
)
@pytest.mark.parametrize("count", [1024, 1777, 3136])
def test_selecting_agrees_with_sorting(count, kind):
    rows = rows_of(kind, count, np.random.default_rng(count))
    got = found(rows, 10)
    for r, row in enumerate(rows):
        tokens, top, light = by_sorting(row, 10)
        assert got[3, r] == pytest.approx(top, rel=1e-6)
        for level, (number, part) in enumerate(zip(tokens, LEFT_OUT, strict=True)):
            unsure = ((light > part - 1e-6) & (light < part + 1e-6)).sum()  # what rounding may decide
            assert abs(got[level, r] - number) <= unsure, (r, level)


def test_guesses_do_not_change_what_is_found():
    rng = np.random.default_rng(0)
    rows = np.concatenate([rows_of(kind, 2000, rng) for kind in ("lognormal", "uniform", "bumps", "one-hot")])
    alone = np.concatenate([found(row[None], 10) for row in rows], axis=1)
    for order in (np.arange(len(rows)), rng.permutation(len(rows))):
        together = found(rows[order], 10)
        np.testing.assert_array_equal(together[:3], alone[:3, order])
        np.testing.assert_allclose(together[3], alone[3, order], rtol=1e-6)
    for guess in (-1.0, 1.0, 2.0**31, 2.0**62):
        np.testing.assert_array_equal(found(rows, 10, np.full((1, 4, 2), guess))[:3], alone[:3])


@pytest.mark.parametrize("top", [1, 100, 1023, 1024, 5000])
def test_any_number_of_heaviest_tokens(top):
    rows = rows_of("lognormal", 1024, np.random.default_rng(1))
    np.testing.assert_allclose(found(rows, top)[3], [by_sorting(row, top)[1] for row in rows], rtol=1e-6)


def test_rows_that_cannot_be_divided_hold_nothing():
    rows = np.ones((3, 1500), np.float32)
    rows[0], rows[1, 7] = 0, np.nan
    got = found(rows, 10)
    assert not got[:, :2].any()
    assert got[0, 2] == 750
