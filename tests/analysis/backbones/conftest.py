from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.backbones import Backbone, load_backbone
from tests.support.tiny_backbones import saved, tiny_network


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Give the folder of a tiny backbone, saved once for the module."""
    found: dict[str, Path] = {}

    def of(kind: str) -> Path:
        if kind not in found:
            found[kind] = saved(tiny_network(kind), tmp_path_factory.mktemp(kind))
        return found[kind]

    return of


@pytest.fixture
def load(folder: Callable[[str], Path]) -> Callable[[str], Backbone]:
    """Load a tiny backbone from disk."""
    return lambda kind: load_backbone(folder(kind))
