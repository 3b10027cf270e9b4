"""A small dataset and a small model to sweep."""

import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image

from analysis.sweeps.job import Job, SweepSettings
from stvit import STViT, STViTConfig
from stvit.weights.load import model_digest, model_from_file, save_weights
from tests.support.paths import ROOT

CONFIG = STViTConfig(
    num_classes=2, embed_dims=(8, 8, 8, 8), depths=(1, 1, 1, 1), num_heads=(1, 2, 2, 2), projection_dim=8
)
WORDS = ("--size", "64", "--anchors", "20", "--batch", "2", "--metrics", "entropy", "effective_rank", "token_cosine")
SETTINGS = SweepSettings(
    attentions=("super", "global"),
    metrics=("entropy", "effective_rank", "token_cosine"),
    anchors=20,
    size=64,
    framing="crop",
)


def picture(path: Path, seed: int) -> Path:
    """Write a picture of noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (64, 64, 3), np.uint8)).save(path, "PNG")
    return path


def dataset(folder: Path, pictures: int = 8) -> Path:
    """Write a dataset of two classes."""
    for number in range(pictures):
        picture(folder / f"class{number % 2}" / f"{number}.png", number)
    return folder


def tiny_weights(path: Path, seed: int = 3) -> Path:
    """Write the weights of a small model."""
    torch.manual_seed(seed)
    save_weights(STViT(CONFIG), path)
    return path


def job(weights: Path, folder: Path, **changes: object) -> Job:
    """Return what workers are told."""
    digest = model_digest(model_from_file(weights))
    told = {"load": partial(model_from_file, weights), "digest": digest, "settings": SETTINGS, "folder": folder}
    return Job(**{**told, **changes})


def command(data: Path, weights: Path, out: Path, *more: str) -> list[str]:
    """Return the arguments of the command."""
    return ["sweep", str(data), "--weights", str(weights), "--out", str(out), *WORDS, *more]


def started(arguments: list[str], folder: Path = ROOT, **environment: str) -> subprocess.Popen:
    """Start the command in a process of its own, in a folder."""
    return subprocess.Popen(
        [sys.executable, "-m", "analysis", *arguments],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(happened, process: subprocess.Popen | None = None, seconds: float = 120.0) -> None:
    """Wait until something is true, but not once the process has ended."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it took too long"
        if process is not None and process.poll() is not None:
            raise AssertionError(process.communicate())
        time.sleep(0.01)


def tables(out: Path) -> list[Path]:
    """Return the tables of single pictures."""
    return list((out / "pictures").glob("*/*.parquet"))


def results(out: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return ledger and pictures of a sweep, with images by their last names, in one order."""
    parts = [pd.read_parquet(path) for path in sorted(out.glob("ledger-*.parquet"))]
    ledger = pd.concat(parts).astype({"image": str, "attention": str, "metric": str, "unit": str, "where": str})
    pictures = pd.read_parquet(out / "pictures.parquet")
    for table in (ledger, pictures):
        table["image"] = table["image"].map(lambda name: Path(name).name)
    keys = ["image", "stage", "block", "attention", "metric", "head"]
    return ledger.sort_values(keys, ignore_index=True), pictures.sort_values("image", ignore_index=True)


def assert_same_results(out: Path, expected: Path) -> None:
    """Compare two sweeps row by row; nothing is lost or doubled."""
    for got, wanted in zip(results(out), results(expected), strict=True):
        pd.testing.assert_frame_equal(got, wanted, rtol=1e-3, atol=1e-5)
    keys = ["image", "stage", "block", "head", "attention", "metric"]
    assert not results(out)[0].duplicated(keys).any()
