"""What the pages for readers tell them to type works: Python blocks run, commands are understood."""

import json
import subprocess
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import torch
from PIL import Image

import run
from analysis.commands.main import build_parser as analysis_parser
from stvit import create_model
from stvit.images.samples import sample_images
from tests.support.documents import PAGES, blocks, commands
from tests.support.paths import ROOT
from training.cli import build_parser as training_parser

NOT_RUN = {"explorer.md": "its blocks draw inside a Streamlit page; tests/ui/explorer runs the same functions"}


def prepared_photo(folder: Path) -> dict[str, object]:
    save_picture(folder / "photo.jpg")
    return {}


def prepared_own_model(folder: Path) -> dict[str, object]:
    save_backbone(folder / "folder", "vit")
    return prepared_photo(folder)


def prepared_own_weights(folder: Path) -> dict[str, object]:
    torch.save({"model": create_model("stvit_demo").state_dict()}, folder / "checkpoint.pth")
    return prepared_photo(folder)


def prepared_backbones(folder: Path) -> dict[str, object]:
    save_picture(folder / "cat.jpg")
    save_backbone(folder / "models" / "dinov2-small", "dinov2", num_hidden_layers=12, num_attention_heads=4)
    return {}


def prepared_datasets(folder: Path) -> dict[str, object]:
    results = folder / "results" / "val"
    results.mkdir(parents=True)
    table = {"metric": ["entropy", "mass"], "attention": ["super", "super"], "value": [7.0, 1.0]}
    pd.DataFrame(table).to_parquet(results / "ledger-0.parquet")
    return {}


PREPARED: dict[str, Callable[[Path], dict[str, object]]] = {
    "backbones.md": prepared_backbones,
    "datasets.md": prepared_datasets,
    "embedding.md": prepared_photo,
    "figure-script.md": prepared_photo,
    "library.md": prepared_own_model,
    "own-model.md": prepared_own_model,
    "own-weights.md": prepared_own_weights,
    "paper-figures.md": prepared_photo,
}


def save_picture(path: Path) -> None:
    Image.fromarray(sample_images()["cat"]().array).save(path)


def save_backbone(folder: Path, kind: str, **settings: int) -> None:
    pytest.importorskip("transformers", reason="backbones need transformers, which requirements-dev.txt installs")
    from tests.support.tiny_backbones import saved, tiny_network

    saved(tiny_network(kind, **settings), folder)
    prepared = {"size": {"height": 96, "width": 96}, "image_mean": [0.5] * 3, "image_std": [0.5] * 3, "resample": 2}
    (folder / "preprocessor_config.json").write_text(json.dumps(prepared))


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")], ids=lambda page: page.name)
def test_python_blocks_run_from_top_to_bottom(page, tmp_path, monkeypatch):
    if page.name in NOT_RUN:
        pytest.skip(NOT_RUN[page.name])
    names = PREPARED.get(page.name, lambda folder: {})(tmp_path)
    monkeypatch.chdir(tmp_path)
    for text in blocks(page, "python"):
        exec(compile(text, page.name, "exec"), names)


def parser_of(module: str) -> ArgumentParser | None:
    return {"analysis": analysis_parser, "training": training_parser}.get(module, lambda: None)()


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)], ids=lambda page: page.name)
def test_commands_are_understood(page):
    for words in commands(page):
        if "run.py" in words:
            assert words[words.index("run.py") + 1] in run.REQUIREMENTS, words
            continue
        module, *options = words[len(words) - words[::-1].index("-m") :]
        assert (ROOT / module.replace(".", "/")).exists() or (ROOT / f"{module.replace('.', '/')}.py").exists(), words
        parser = parser_of(module)
        if parser is not None:
            parser.parse_args([option.replace("$SLURM_ARRAY_TASK_ID", "1") for option in options])


def test_the_commands_are_found():
    modules = [words[words.index("-m") + 1] for page in PAGES for words in commands(page) if "-m" in words]
    assert modules.count("analysis") > 10
    assert modules.count("training") > 5


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "bash")], ids=lambda page: page.name)
def test_shell_blocks_are_shell(page):
    for text in blocks(page, "bash"):
        checked = subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True)
        assert not checked.stderr, checked.stderr
