"""What CONTRIBUTING.md promises: to add a metric, an attention, a grouping, a page or a figure takes few files.

Each is added through its registry in a fresh interpreter, before anything else reads the registry, and must then be in
the ledger, in the command and its help, in the export and on the page.
"""

import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.support.paths import ROOT

MOST_FILES = {"a metric": 2, "an attention": 2, "a grouping": 2, "a page": 2, "a figure": 3}

PAGE = """
from tests.support.app_support import app_at, check_fine, go_to, texts
app = go_to(app_at(), "{page}")
check_fine(app)
"""

COMMAND = """
from analysis.commands.main import main
assert main({words!r}) == 0
"""


def run(addition: str, *scripts: str) -> str:
    """Run scripts in an interpreter to which something was added first; return what it printed."""
    code = "\n".join([f"import tests.support.additions.{addition}", *scripts])
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def command(*words: object) -> str:
    return COMMAND.format(words=[str(word) for word in words])


@pytest.mark.parametrize(
    ("addition", "metric", "attention"), [("metric", "largest_share", "super"), ("attention", "entropy", "cross")]
)
def test_a_metric_and_an_attention_reach_ledger_export_command_and_page(tmp_path, addition, metric, attention):
    out = tmp_path / "out.csv"
    words = ("export", "redundancy", "--sample", "cat", "--size", 64, "--attentions", attention, "--metrics", metric)
    words += ("--matrix-metric", metric, "--matrix-attention", attention)
    page = PAGE.format(page="redundancy") + (
        'app.get_by_key("metrics").set_value(["largest_share"]).run()\n'
        if addition == "metric"
        else 'app.get_by_key("attentions").set_value(["cross"]).run()\n'
    )
    run(
        addition,
        command(*words, "--out", out),
        command(*words, "--out", tmp_path / "out.png"),
        page + "check_fine(app)",
    )
    table = pd.read_csv(out)
    found = table[(table["metric"] == metric) & (table["attention"] == attention)]
    assert len(found) == sum(depth * heads for depth, heads in ((2, 2), (2, 4), (4, 5), (2, 8)))
    assert (found["value"] > 0).all()
    assert (tmp_path / "out.png").stat().st_size > 10_000


def test_a_grouping_reaches_export_what_if_and_page(tmp_path):
    picture = ("--sample", "cat", "--size", 64)
    page = PAGE.format(page="super-tokens") + (
        'app.get_by_key("methods").set_value(["halves"]).run()\ncheck_fine(app)\nassert "Two halves" in texts(app)\n'
        'app = go_to(app, "what-if")\ncheck_fine(app)\n'
        'check_fine(app.get_by_key("change_of_association").set_value("halves").run())\n'
        'assert "Two halves" in texts(app)\n'
    )
    run(
        "grouping",
        command("export", "groupings", *picture, "--methods", "halves", "--out", tmp_path / "groups.csv"),
        command("export", "what-if", *picture, "--variant", "halves", "--out", tmp_path / "what-if.csv"),
        page,
    )
    groups = pd.read_csv(tmp_path / "groups.csv")
    assert groups[["grouping", "segments"]].values.tolist() == [["Two halves", 2]]
    changes = pd.read_csv(tmp_path / "what-if.csv")
    assert (changes[changes["quantity"] == "relative change"]["after"] > 0).all()


def test_a_page_is_in_the_navigation():
    run("page", PAGE.format(page="tokens") + 'assert app.info[0].value == "The first block has 3136 tokens."')


def test_a_figure_is_a_view_of_the_command(tmp_path):
    words = ("export", "mean-colours", "--sample", "cat", "--size", 64)
    made = [tmp_path / f"out.{suffix}" for suffix in ("png", "svg", "pdf", "csv", "npz")]
    run("figure", *(command(*words, "--out", path) for path in made))
    assert all(path.stat().st_size > 100 for path in made)


def test_the_table_names_few_files_that_exist():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text.split("## What to touch")[1].split("\n## ")[0]
    rows = {
        what: re.findall(r"`([\w/<>]+\.py)`", line) for what, line in re.findall(r"^\| (an? \w+) \|(.*)$", table, re.M)
    }
    for what, most in MOST_FILES.items():
        assert 1 <= len(rows[what]) <= most, what
        for name in rows[what]:
            assert (ROOT / name).exists() or Path(name).stem == "<name>", name
