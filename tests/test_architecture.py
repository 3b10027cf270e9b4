"""Imports run one way: image, model, capture, analysis, figures, ui, app.

A new module of stvit or analysis is added to ORDER, in the group whose modules it works with. A module imports only
from its own group and from groups above it, and nowhere in a circle.
"""

import ast
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

ORDER: dict[str, list[str]] = {
    "layout and mathematics": [
        "stvit.grid",
        "stvit.cells",
        "stvit.association",
        "stvit.softmax_attention",
        "stvit.token_attention",
    ],
    "images": ["stvit.image_*", "stvit.images", "stvit.sample_images"],
    "settings": ["stvit.config", "stvit.variants", "stvit.imagenet"],
    "messages and files": ["stvit.messages", "stvit.storage"],
    "files of weights": ["stvit.released_keys", "stvit.torch_files", "stvit.weight_*"],
    "network": ["stvit.layers", "stvit.attention", "stvit.mixers", "stvit.mixers.*", "stvit.model"],
    "capture": ["stvit.slabs", "stvit.swaps", "stvit.records", "stvit.capture"],
    "loading": ["stvit.weights", "stvit.pretrained", "stvit.convert"],
    "the package": ["stvit"],
    "superpixels and their metrics": [
        "analysis.label_maps",
        "analysis.count_search",
        "analysis.soft_kmeans",
        "analysis.superpixels",
        "analysis.segment_overlap",
        "analysis.boundary_scores",
        "analysis.segmentation_metrics",
    ],
    "attention as rows": [
        "analysis.parallel",
        "analysis.sorting",
        "analysis.attention_sources",
        "analysis.local_attention",
        "analysis.uniform",
        "analysis.baselines",
        "analysis.factor_rows",
        "analysis.row_*",
        "analysis.token_layout",
    ],
    "metrics of attention": [
        "analysis.spectrum",
        "analysis.metric_*",
        "analysis.association_metrics",
        "analysis.similarity",
        "analysis.row_stream",
        "analysis.redundancy",
        "analysis.attention_rules",
        "analysis.ledger",
    ],
    "tables of many pictures": ["analysis.picture_files", "analysis.picture_tables", "analysis.summary"],
    "around an anchor": ["analysis.anchor_maps", "analysis.anchor_tables", "analysis.lesson"],
    "runs compared": [
        "analysis.cost",
        "analysis.cost_timing",
        "analysis.counterfactual",
        "analysis.groupings",
        "analysis.outcome",
    ],
    "relevance through depth": ["analysis.footprint", "analysis.class_gradient", "analysis.rollout"],
    "pictures as arrays": ["analysis.render"],
    "all of analysis": ["analysis"],
    "figures": ["analysis.figures", "analysis.figures.*"],
    "reports": ["analysis.reports", "analysis.reports.*"],
    "command line": [
        "analysis.cli_options",
        "analysis.cli",
        "analysis.__main__",
        "analysis.anchor_cli",
        "analysis.anchor",
        "analysis.export_cli",
        "analysis.export",
    ],
}

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
    "matplotlib": ["analysis.figures.*", "ui.*", "training.*"],
    "plotly": ["analysis.figures.*", "ui.*", "training.*"],
}
"""Libraries that only some modules may import."""

WITHOUT: dict[str, list[str]] = {
    "analysis.figures*": ["torch", "stvit"],
    "analysis.render": ["torch", "stvit"],
}
"""Modules that work on arrays, and what they must not import."""


def matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def room(module: str) -> str:
    return module.partition(".")[0]


def group(module: str) -> int | None:
    """Return the place of a module's group in ORDER, None if it is in none."""
    exact = [place for place, names in enumerate(ORDER.values()) if module in names]
    globbed = [place for place, names in enumerate(ORDER.values()) if matches(module, names)]
    return (exact or globbed or [None])[0]


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
        if group(module) is None and room(module) in ("stvit", "analysis"):
            yield f"{module} is missing from ORDER in tests/test_architecture.py."
        for other in used:
            yield from _breaches(module, other, imports)
    own = {module: used & set(imports) for module, used in imports.items()}
    try:
        TopologicalSorter(own).prepare()
    except CycleError as error:
        yield f"Imports run in a circle: {' <- '.join(error.args[1])}."


def _breaches(module: str, other: str, imports: dict[str, set[str]]) -> Iterator[str]:
    mine, theirs = group(module), group(other)
    if other.startswith("."):
        yield f"{module} imports {other}: write imports from the root."
    if room(other) in MAY_USE and room(other) not in {room(module), *MAY_USE[room(module)]}:
        yield f"{module} imports {other}, a room that it may not use."
    if other in imports and None not in (mine, theirs) and theirs > mine:
        yield f"{module} imports {other}, which lies below it in ORDER."
    if room(other) in ONLY_IN and not matches(module, ONLY_IN[room(other)]):
        yield f"{module} imports {other}, allowed only in {', '.join(ONLY_IN[room(other)])}."
    for pattern, banned in WITHOUT.items():
        if fnmatchcase(module, pattern) and room(other) in banned:
            yield f"{module} imports {other}, but works on arrays only."


def test_the_project_keeps_the_order() -> None:
    assert list(violations(project())) == []


def test_the_project_is_found() -> None:
    imports = project()
    assert {"stvit", "stvit.grid", "stvit.capture", "analysis", "analysis.figures", "ui", "app"} <= set(imports)
    assert "stvit.records" in imports["stvit.capture"]


@pytest.mark.parametrize("name", [name for names in ORDER.values() for name in names])
def test_the_order_names_what_exists(name: str) -> None:
    assert any(fnmatchcase(module, name) for module in project())


@pytest.mark.parametrize(
    ("module", "source", "words"),
    [
        ("stvit.grid", "from stvit.model import STViT", "stvit.grid imports stvit.model, which lies below it"),
        ("stvit.model", "import analysis.redundancy", "a room that it may not use"),
        ("stvit.records", "from stvit import capture", "Imports run in a circle"),
        ("analysis.render", "import torch.nn.functional as F", "works on arrays only"),
        ("analysis.figures.style", "from torch import Tensor", "works on arrays only"),
        ("analysis.redundancy", "def show():\n    import plotly.express", "allowed only in analysis.figures"),
        ("analysis.redundancy", "import streamlit as st", "allowed only in ui"),
        ("training.loop", "from ui import view", "a room that it may not use"),
        ("stvit.brand_new", "", "stvit.brand_new is missing from ORDER"),
        ("stvit.grid", "from . import cells", "write imports from the root"),
    ],
)
def test_each_rule_can_be_broken(module: str, source: str, words: str) -> None:
    imports = {"stvit.grid": set(), "stvit.model": {"stvit.grid"}, "stvit.capture": {"stvit.records", "torch"}}
    assert list(violations(imports)) == []
    imports[module] = imports.get(module, set()) | imported(source, imports)
    assert any(words in text for text in violations(imports))
