"""docs/figure-script.md says what the released figure script's picture of a real picture says."""

import pytest

from analysis.one_token.figure_script import script_effects, wrapped_neighbours
from tests.support.documents import commands
from tests.support.paths import ROOT
from tests.support.script_table import BLOCKS, at_the_border, largest_values, records, rows

PAGE = ROOT / "docs" / "figure-script.md"
TEXT = " ".join(PAGE.read_text().split())


def test_the_table_is_that_of_the_picture():
    assert "\n".join(rows()) in PAGE.read_text()


def test_the_picture_shows_a_token_whose_maps_disagree():
    (words,) = [words for words in commands(PAGE) if "export" in words]
    row, column = (int(words[words.index(f"--{name}") + 1]) for name in ("row", "column"))
    record = records()[BLOCKS[1]]
    found = script_effects(record, record.grid.token(row, column)).set_index("difference").loc["all"]
    assert f"the correlation of the two maps is \u2212{-found['correlation']:.2f}" in TEXT
    assert "none of the brightest tenth is the same" in TEXT
    assert found["brightest"] == 0


def test_the_border():
    shares, found = [], []
    for block in BLOCKS:
        grid = records()[block].grid
        shares.append((wrapped_neighbours(grid) != grid.neighbour_index).any(1).double().mean().item())
        found.append(at_the_border(block)[0])
    assert shares[0] == pytest.approx(shares[1])
    assert f"{100 * shares[0]:.0f} % of all" in TEXT
    assert f"correlation is {found[0]:.3f} in stage 1 and {found[1]:.3f} in stage 2" in TEXT


def test_the_scale():
    (low, high), (low_2, high_2) = map(largest_values, BLOCKS)
    assert f"lie between {low:.3f} and {high:.3f} in stage 1, {low_2:.3f} and {high_2:.3f} in stage 2" in TEXT
