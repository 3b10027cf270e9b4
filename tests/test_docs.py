"""The pages of docs/ say what the code does."""

import re
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from analysis.attention.kinds import DEFAULT_WINDOW, KINDS
from analysis.redundancy.catalogue import CATALOGUE
from analysis.redundancy.ranks import EXACT_TOKENS
from analysis.redundancy.received import SINK_FACTOR
from analysis.redundancy.row_metrics import RowSettings
from stvit.variants import VARIANTS
from tests.support.documents import external_links, prose
from tests.support.paths import ROOT

METRICS = (ROOT / "docs" / "metrics.md").read_text()
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "pretrained" / "README.md", *(ROOT / "docs").glob("*.md")]


def table_rows(text: str) -> dict[str, list[str]]:
    """Return the cells after the first, by each name in backticks in the first cell."""
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| `")]
    return {name: [cell.strip() for cell in row[1:]] for row in rows for name in re.findall(r"`(\w+)`", row[0])}


def test_every_metric_is_explained_with_its_unit():
    rows = table_rows(METRICS)
    assert {name: rows[name][0] for name in CATALOGUE} == {name: metric.unit for name, metric in CATALOGUE.items()}


def test_every_attention_is_explained_and_nothing_else():
    assert set(table_rows(METRICS)) == set(CATALOGUE) | set(KINDS)


def test_every_model_is_listed_as_it_is_registered():
    rows = table_rows((ROOT / "docs" / "architecture.md").read_text())
    assert rows == {name: [variant.title, variant.sentence] for name, variant in VARIANTS.items()}


@pytest.mark.parametrize("package", ["stvit", "analysis", "ui"])
def test_the_tree_shows_every_folder(package):
    tree = (ROOT / "docs" / "architecture.md").read_text().split("```")[3]
    mine = tree[tree.index(f"\n{package}/") :]
    folders = {path.parent.relative_to(ROOT / package) for path in (ROOT / package).rglob("*.py")}
    leaves = {folder for folder in folders if not any(folder in other.parents for other in folders)}
    assert [folder for folder in sorted(leaves) if f"  {folder.as_posix()}/" not in mine] == []


def test_the_numbers_in_the_text_are_those_of_the_code():
    settings, rows = RowSettings(), table_rows(METRICS)
    assert f"{settings.neighbourhood} × {settings.neighbourhood} tokens around the anchor" in rows["local_mass"][2]
    assert f"{settings.top_k} largest" in rows["top_mass"][1]
    assert f"windows of {DEFAULT_WINDOW} × {DEFAULT_WINDOW}" in rows["local"][0]
    assert f"> {SINK_FACTOR:g}\\," in rows["sinks"][1]
    assert f"exact up to {EXACT_TOKENS:,} tokens" in METRICS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page):
    text = prose(page)
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text) + re.findall(r'src(?:set)?="([^":]+)"', text)
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_links_to_other_hosts_are_well_formed():
    """Whether they answer is asked by `python docs/links.py --online`, which needs a network."""
    links = [urlsplit(link) for link in external_links()]
    assert len(links) > 5
    assert {link.geturl() for link in links if link.scheme != "https" or link.port or link.username} == set()
    hosts = {link.netloc for link in links}
    assert {host for host in hosts if not re.fullmatch(r"([a-z0-9-]+\.)+[a-z]{2,}", host)} == set()


def test_each_page_elsewhere_has_one_address():
    def page(link: str) -> str:
        parts = urlsplit(link)
        return parts.netloc.removeprefix("www.") + parts.path.rstrip("/").removesuffix(".git")

    links = list(external_links())
    assert len({page(link) for link in links}) == len({urlsplit(link)._replace(fragment="").geturl() for link in links})


def test_pictures_are_small_and_each_is_shown():
    pictures = list((ROOT / "docs" / "images").iterdir())
    assert [path.name for path in pictures if path.stat().st_size > 500_000] == []
    shown = "\n".join(page.read_text() for page in [*PAGES, *(ROOT / "pretrained").glob("*.md")])
    assert [path.name for path in pictures if f"images/{path.name}" not in shown] == []


@pytest.mark.parametrize("script", sorted((ROOT / "docs").glob("*.py")), ids=lambda script: script.name)
def test_scripts_of_the_docs_start(script):
    subprocess.run([sys.executable, str(script), "--help"], check=True, capture_output=True, cwd=ROOT / "docs")


def test_each_promise_of_reliability_names_tests_that_exist():
    rows = [line for line in (ROOT / "docs" / "reliability.md").read_text().splitlines() if "::" in line]
    for file, test in re.findall(r"`(tests/[\w/.]+)::(\w+)`", "\n".join(rows)):
        assert f"\ndef {test}(" in (ROOT / file).read_text(), (file, test)
    assert len(rows) > 20


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_are_named_exist(page):
    rooms = "analysis|docs|stvit|tests|training|ui|benchmarks|notebooks|pretrained"
    named = re.findall(rf"`((?:{rooms})/[\w/.-]*\w/?)`", page.read_text())
    assert [name for name in named if not (ROOT / name).exists()] == []
