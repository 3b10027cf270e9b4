"""docs/findings.md says what the results that are kept beside it say."""

import re

import pandas as pd
import pytest

from analysis.cost import cost_table
from analysis.reports.findings import difference_lines, side_by_side_lines
from stvit.variants import get_config
from tests.support.paths import ROOT
from training.ablation.catalogue import ablations_of
from training.ablation.table import markdown

PAGE = (ROOT / "docs" / "findings.md").read_text()
RESULTS = ROOT / "docs" / "results"
OWN, TRAINED = "twin-super", "twin-global"


def read(name):
    return pd.read_csv(RESULTS / f"{name}.csv")


@pytest.mark.parametrize("name", ["means", "means-128"])
def test_the_table_of_the_twins_is_printed_from_the_results(name):
    assert "\n".join(side_by_side_lines(read(name))) in PAGE


def test_the_table_of_own_q_and_k_is_printed_from_the_results():
    assert "\n".join(difference_lines(read("differences"), OWN, TRAINED)) in PAGE


def test_the_tables_of_the_ablations_are_printed_from_the_results():
    table = read("ablation")
    for model, rows in table.groupby("model", sort=False):
        lines = [line for line in markdown(rows).splitlines() if line.startswith("|")]
        assert "\n".join(lines) in PAGE, model
    config = get_config("twin_super")
    assert list(table.loc[table["model"] == OWN, "ablation"]) == [one.name for one in ablations_of(config)]


def test_the_costs_are_those_of_the_library():
    table = cost_table(get_config("twin_super"), [224]).set_index(["stage", "attention"])["counted"]
    factors = [table[stage, "global"] / table[stage, "super"] for stage in (0, 1)]
    said = re.search(r"costs (\d+) times less through\s+super tokens, one of stage 2 (\d+) times less", PAGE)
    assert said is not None
    assert [int(number) for number in said.groups()] == [round(factor) for factor in factors]


def test_there_are_enough_pictures_and_the_page_says_how_many():
    for name, least in (("means", 500), ("ablation", 500)):
        table = read(name)
        counts = table.loc[table["attention"] != "uniform", "pictures"] if "attention" in table else table["pictures"]
        assert counts.max() >= least
        assert f"{counts.max():,} pictures" in PAGE
    assert set(read("means")["model"]) == {"twin-super", "twin-global", "twin-window", "twin-conv"}


def test_the_results_are_small():
    assert sum(path.stat().st_size for path in RESULTS.iterdir()) < 500_000
    assert (ROOT / "docs" / "images" / "findings.svg").stat().st_size < 150_000
