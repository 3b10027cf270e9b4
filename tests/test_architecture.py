"""Imports run one way: image, model, capture, analysis, figures, ui, app.

A folder is a room. A room imports only from itself and from rooms above it in ORDER, and no module imports in a circle.
"""

import ast
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.support.paths import ROOT

ORDER: list[tuple[str, ...]] = [
    (
        "stvit.grid",
        "stvit.precision",
        "stvit.cells",
        "stvit.association",
        "stvit.cell_association",
        "stvit.captions",
        "stvit.ctrl_c",
        "stvit.config",
        "stvit.config_bounds",
        "stvit.atomic_files",
        "stvit.compiling",
        "stvit.error_text",
        "stvit.foreign_text",
    ),
    ("stvit.images",),
    ("stvit.attentions",),
    ("stvit.*", "stvit.mixers"),
    ("stvit.weights",),
    ("stvit.capturing",),
    ("stvit", "stvit.hub", "stvit.convert"),
    ("analysis.backbones",),
    ("analysis.attention",),
    ("analysis.grouping",),
    ("analysis.redundancy",),
    ("analysis.one_token",),
    ("analysis.*",),
    ("analysis.relevance",),
    ("analysis.faithfulness",),
    ("analysis.compare",),
    ("analysis.many_pictures",),
    ("analysis.sweeps",),
    ("analysis.superpixels",),
    ("analysis",),
    ("analysis.figures",),
    ("analysis.answers",),
    ("analysis.reports",),
    ("analysis.commands", "analysis.__main__"),
]
"""Rooms from the top: a folder with all in it, the modules directly in a folder (`stvit.*`), or a module by name."""

MAY_USE: dict[str, set[str]] = {
    "stvit": set(),
    "analysis": {"stvit"},
    "training": {"stvit", "analysis"},
    "ui": {"stvit", "analysis"},
    "benchmarks": {"stvit", "analysis", "training", "ui"},
    "app": {"stvit", "analysis", "ui"},
    "run": set(),
}
"""The rooms that each room may import from, besides itself."""

ONLY_IN: dict[str, list[str]] = {
    "streamlit": ["ui", "ui.*", "app"],
    "fsspec": ["analysis.sweeps.remote"],
    "huggingface_hub": ["stvit.hub", "analysis.backbones.files"],
    "transformers": ["analysis.backbones.loading"],
    "matplotlib": ["analysis.figures.*", "ui.*", "training.*"],
    "plotly": ["analysis.figures.*", "ui.*", "training.*"],
}
"""Libraries that only some modules may import."""

WITHOUT: dict[str, list[str]] = {
    "analysis.figures*": ["torch", "stvit"],
    "analysis.figures.paint": ["torch", "stvit"],
}
"""Modules that work on arrays, and what they must not import."""


WORDS = ("stvit.captions", "stvit.foreign_text")
"""Modules about words alone, which those may import all the same."""


def matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def room(module: str) -> str:
    return module.partition(".")[0]


def rank(module: str) -> int | None:
    """Return the number of a module's room in ORDER by the longest name that fits, None if it is in none."""
    found: dict[int, int] = {}
    for number, names in enumerate(ORDER):
        for name in names:
            if _belongs(module, name):
                found[len(name)] = number
    return found[max(found)] if found else None


def _belongs(module: str, name: str) -> bool:
    if name.endswith(".*"):
        return module.startswith(name[:-1]) and module.count(".") == name.count(".")
    return module == name or (name.count(".") > 0 and module.startswith(f"{name}."))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(source: str, modules: Iterable[str] = ()) -> set[str]:
    """Return the modules that a source imports; `from package import module` counts as the module."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            full = {f"{base}.{alias.name}": alias for alias in node.names}
            found |= {name if name in modules else base for name in full}
    return found


@cache
def project() -> dict[str, set[str]]:
    """Return what each module of the project imports."""
    folders = (ROOT / name for name in MAY_USE)
    paths = [path for folder in folders for path in [*folder.rglob("*.py"), folder.with_suffix(".py")] if path.exists()]
    names = {module_name(path) for path in paths}
    return {module_name(path): imported(path.read_text(encoding="utf-8"), names) for path in paths}


def violations(imports: dict[str, set[str]]) -> Iterator[str]:
    """Yield one sentence for each import that breaks a rule."""
    for module, used in imports.items():
        if rank(module) is None and room(module) in ("stvit", "analysis"):
            yield f"{module} is missing from ORDER in tests/test_architecture.py."
        for other in used:
            yield from _breaches(module, other, imports)
    own = {module: used & set(imports) for module, used in imports.items()}
    try:
        TopologicalSorter(own).prepare()
    except CycleError as error:
        yield f"Imports run in a circle: {' <- '.join(error.args[1])}."


def _breaches(module: str, other: str, imports: dict[str, set[str]]) -> Iterator[str]:
    mine, theirs = rank(module), rank(other)
    if other.startswith("."):
        yield f"{module} imports {other}: write imports from the root."
    if room(other) in MAY_USE and room(other) not in {room(module), *MAY_USE[room(module)]}:
        yield f"{module} imports {other}, a room that it may not use."
    if other in imports and None not in (mine, theirs) and theirs > mine:
        yield f"{module} imports {other}, which lies below it in ORDER."
    if room(other) in ONLY_IN and not matches(module, ONLY_IN[room(other)]):
        yield f"{module} imports {other}, allowed only in {', '.join(ONLY_IN[room(other)])}."
    for pattern, banned in WITHOUT.items():
        if fnmatchcase(module, pattern) and room(other) in banned and other not in WORDS:
            yield f"{module} imports {other}, but works on arrays only."


def test_the_project_keeps_the_order() -> None:
    assert list(violations(project())) == []


def test_the_project_is_found() -> None:
    imports = project()
    assert {"stvit", "stvit.grid", "stvit.capturing.capture", "analysis", "analysis.figures", "ui", "app"} <= set(
        imports
    )
    assert "stvit.capturing.records" in imports["stvit.capturing.capture"]


@pytest.mark.parametrize("name", [name for names in ORDER for name in names])
def test_the_order_names_what_exists(name: str) -> None:
    assert any(_belongs(module, name) for module in project())


@pytest.mark.parametrize(
    ("module", "source", "words"),
    [
        ("stvit.grid", "from stvit.model import STViT", "stvit.grid imports stvit.model, which lies below it"),
        ("stvit.model", "import analysis.redundancy.measure", "a room that it may not use"),
        ("stvit.capturing.records", "from stvit.capturing import capture", "Imports run in a circle"),
        ("analysis.figures.paint", "import torch.nn.functional as F", "works on arrays only"),
        ("analysis.figures.style", "from torch import Tensor", "works on arrays only"),
        ("analysis.redundancy.measure", "def show():\n    import plotly.express", "allowed only in analysis.figures"),
        ("analysis.redundancy.measure", "import streamlit as st", "allowed only in ui"),
        ("training.loop", "from ui import view", "a room that it may not use"),
        ("analysis.new.module", "", "analysis.new.module is missing from ORDER"),
        ("stvit.grid", "from . import cells", "write imports from the root"),
    ],
)
def test_each_rule_can_be_broken(module: str, source: str, words: str) -> None:
    imports = {
        "stvit.grid": set(),
        "stvit.model": {"stvit.grid"},
        "stvit.capturing.capture": {"stvit.capturing.records", "torch"},
    }
    assert list(violations(imports)) == []
    imports[module] = imports.get(module, set()) | imported(source, imports)
    assert any(words in text for text in violations(imports))
