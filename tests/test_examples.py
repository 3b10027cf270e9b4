"""The examples in docstrings of `stvit` and `analysis` give what they say."""

import ast
import doctest
import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.paths import ROOT

FILES = sorted(path for package in ("stvit", "analysis") for path in (ROOT / package).rglob("*.py"))


def _module(path: Path) -> ModuleType:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return importlib.import_module(".".join(part for part in parts if part != "__init__"))


def _documented(path: Path) -> Iterator[str]:
    """Yield the docstrings of a file that hold examples."""
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        text = ast.get_docstring(node) if isinstance(node, kinds) else None
        if text and ">>>" in text:
            yield text


WITH_EXAMPLES = [path for path in FILES if list(_documented(path))]


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=[str(path.relative_to(ROOT)) for path in WITH_EXAMPLES])
def test_examples_give_what_they_say(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    module = _module(path)
    tests = [test for test in doctest.DocTestFinder().find(module) if test.examples]
    assert len(tests) == len(list(_documented(path))), "an example is not found, so it does not run"
    runner = doctest.DocTestRunner()
    for test in tests:
        runner.run(test)
    assert not runner.failures, capsys.readouterr().out
