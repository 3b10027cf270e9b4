"""The registries of attentions and metrics: whole, readable without torch, and strict about names."""

import re
import subprocess
import sys

import pandas as pd
import pytest
import torch

from analysis import DenseAttention, ledger
from analysis.attention.kinds import KINDS, Kind, attention_rules, chosen_kinds
from analysis.redundancy.catalogue import CATALOGUE, Metric, chosen_metrics
from analysis.redundancy.where import where, where_column
from stvit import capture
from tests.support.paths import ROOT
from tests.support.tiny import tiny_model, tiny_pixels


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_kind_can_be_named_and_drawn(kind):
    assert kind.title
    assert kind.short
    assert kind.sentence.endswith(".")
    assert re.fullmatch("#[0-9A-F]{6}", kind.colour)
    assert kind.dash in ("solid", "dash", "dot", "dashdot")


def test_no_two_kinds_look_or_read_alike():
    for field in ("title", "short", "colour"):
        assert len({getattr(kind, field) for kind in KINDS.values()}) == len(KINDS)


@pytest.mark.parametrize("metric", CATALOGUE.values(), ids=CATALOGUE)
def test_every_metric_can_be_named_and_explained(metric):
    assert metric.title[0].isupper()
    assert metric.unit
    assert metric.sentence.endswith(".")
    page, _, heading = metric.link.partition("#")
    headings = re.findall("^## (.*)$", (ROOT / page).read_text(encoding="utf-8"), re.M)
    assert heading in [text.lower().replace(" ", "-") for text in headings]


def test_no_two_metrics_have_one_title():
    assert len({metric.title for metric in CATALOGUE.values()}) == len(CATALOGUE)


def test_unknown_names_are_refused_with_the_known_ones():
    for choose in (chosen_kinds, attention_rules):
        with pytest.raises(ValueError, match=rf"There is no attention named soup; known are {', '.join(KINDS)}\."):
            choose(["super", "soup"])
    with pytest.raises(ValueError, match=rf"There is no metric named soup; known are {', '.join(CATALOGUE)}\."):
        chosen_metrics(["entropy", "soup"])


def test_the_registries_load_without_torch():
    code = (
        "import sys, analysis.attention.kinds, analysis.changes, analysis.redundancy.catalogue\n"
        "assert 'torch' not in sys.modules, 'torch was imported'\n"
        "from analysis import ledger\n"
        "assert 'torch' in sys.modules\n"
        "import analysis\n"
        "try:\n    analysis.soup\nexcept AttributeError as error:\n    print(error)\n"
    )
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert told.startswith("Module analysis has no attribute 'soup'; it offers ")


def test_places_count_from_one():
    assert where(0, 1) == "stage 1, block 2"
    assert where(0, 1, 2) == "stage 1, block 2, head 3"
    table = pd.DataFrame({"stage": [0, 3], "block": [1, 0], "head": pd.array([2, pd.NA], dtype="Int64")})
    assert where_column(table).tolist() == ["stage 1, block 2, head 3", "stage 4, block 1"]
    assert where_column(table.drop(columns="head")).tolist() == ["stage 1, block 2", "stage 4, block 1"]


def test_a_new_metric_needs_one_entry_and_its_rule(monkeypatch):
    added = (
        Metric("largest", "Largest", "share", "token", "low", "Largest share.", lambda rows: rows.share.amax(-1)),
        Metric("least", "Least", "rows", "head", None, "Least.", lambda by_token: by_token.min(axis=1), "received"),
        Metric("norm", "Norm", "norm", "head", None, "Norm.", lambda found: found.squares**0.5, "spectrum"),
        Metric("side", "Side", "tokens", "block", None, "Side.", lambda block, before: float(block.record.grid.height)),
    )
    for metric in added:
        monkeypatch.setitem(CATALOGUE, metric.name, metric)
    cap = capture(tiny_model(), tiny_pixels(1, 32, 48), blocks=[(0, 0)])
    table = ledger(cap, ("identity", "super"), [metric.name for metric in added])
    found = {name: rows["value"].tolist() for name, rows in table.groupby("metric")}
    assert set(found) == {"largest", "least", "norm", "side"}
    assert found["side"] == [8]
    identity = table[table["attention"] == "identity"].set_index("metric")["value"]
    assert identity[["largest", "least"]].tolist() == [1, 1]
    assert identity["norm"] == pytest.approx(96**0.5)
    assert set(table.loc[table["metric"] == "norm", "unit"]) == {"norm"}


def test_a_new_attention_needs_one_entry_and_its_rule(monkeypatch):
    def backwards(record):
        return DenseAttention(torch.eye(record.grid.num_tokens).flip(0)[None])

    kind = Kind("backwards", "Backwards", "Back", "#123456", "dot", "From the other end.", backwards)
    monkeypatch.setitem(KINDS, "backwards", kind)
    cap = capture(tiny_model(), tiny_pixels(1, 32, 48), blocks=[(0, 0)])
    table = ledger(cap, "backwards", ["entropy", "effective_rank"]).set_index("metric")["value"]
    assert table["entropy"] == 0
    assert table["effective_rank"] == pytest.approx(96)
