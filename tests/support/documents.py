"""The pages for readers, and the code blocks in them."""

import re
import shlex
from pathlib import Path

from tests.support.paths import ROOT

PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "pretrained").glob("*.md")]
)

WITH_LINKS = [*PAGES, ROOT / "CITATION.cff", ROOT / "mkdocs.yml", ROOT / "pretrained" / "manifest.json"]
"""Files that send readers to other hosts."""


def blocks(page: Path, *languages: str) -> list[str]:
    """Return the code blocks of a page that are marked with one of the languages ("" for unmarked ones)."""
    found = re.findall(r"^```(\w*)\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [text for language, text in found if language in languages]


def prose(page: Path) -> str:
    """Return the text of a page without its code blocks."""
    return re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def commands(page: Path) -> list[list[str]]:
    """Return the words of each command of the project that a page shows in a block or at the start of a line."""
    indented = re.findall(r"^    (python.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    lines = "\n".join([*blocks(page, ""), *indented]).replace("\\\n", " ").splitlines()
    ours = re.compile(r"([A-Z_]+=\S+ )*(python3?|accelerate) .*(-m|run\.py) ")
    return [shlex.split(line, comments=True) for line in lines if ours.match(line)]


def external_links() -> dict[str, list[str]]:
    """Return the links to other hosts, and the files that each stands in."""
    found: dict[str, list[str]] = {}
    for path in WITH_LINKS:
        for link in re.findall(r"https?://[^\s()<>\"'`|]+", path.read_text(encoding="utf-8")):
            found.setdefault(link.rstrip(".,;:"), []).append(path.relative_to(ROOT).as_posix())
    return dict(sorted(found.items()))
