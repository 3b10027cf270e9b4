"""The version is one, wherever it is stated."""

import re
import tomllib

from setuptools.config.pyprojecttoml import read_configuration

import stvit
from tests.support.paths import ROOT

CITATION = (ROOT / "CITATION.cff").read_text()
RELEASES = re.findall(r"^## \[?(\d[\w.]*)\]? - (\d{4}-\d\d-\d\d)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)


def cited(field: str) -> list[str]:
    return re.findall(rf"^{field}: (.+)$", CITATION, re.MULTILINE)


def test_the_package_has_the_version_of_the_module():
    path = ROOT / "pyproject.toml"
    assert "version" not in tomllib.loads(path.read_text())["project"]
    assert read_configuration(path)["project"]["version"] == stvit.__version__


def test_the_citation_and_the_changelog_name_the_version():
    version, date = RELEASES[0]
    assert version == stvit.__version__
    assert cited("version") == [version]
    assert cited("date-released") == [date]


def test_what_is_not_released_stands_above_the_releases():
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert len(headings) == 1 + len(RELEASES)
