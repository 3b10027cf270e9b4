"""The memory of a sweep over 10,000 small pictures: flat while measuring, and small while joining."""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from analysis.many_pictures.own_files import OwnFiles
from analysis.sweeps.items import Item
from analysis.sweeps.job import Job, SweepSettings, batches
from analysis.sweeps.join import MeasuredPicture, Results, write_results
from analysis.sweeps.store import SweepStore
from analysis.sweeps.worker import Measurer
from benchmarks.memory import peak_mib
from stvit import STViT, STViTConfig
from stvit.weights.load import model_digest

PICTURES = 10_000
BATCH = 16
MARKS = (1_000, 2_500, 5_000, 10_000)
"""Pictures after which the peak is printed."""

SETTINGS = SweepSettings(
    attentions=("super", "global"),
    metrics=("entropy", "distance", "effective_rank", "head_cosine", "token_cosine"),
    anchors=20,
    size=64,
    framing="crop",
)


def main() -> None:
    """Run `sweep_here` in a process of its own, whose peak is that of nothing else."""
    subprocess.run([sys.executable, "-m", "benchmarks.sweep_memory"], check=True)


def sweep_here() -> None:
    """Print the peak memory of this process as the sweep goes on, and after joining."""
    print(f"\nA small model over {PICTURES:,} pictures of 64 px in one process, peak memory")
    with tempfile.TemporaryDirectory() as named:
        folder = Path(named)
        items = [_picture(folder / f"{number}.png", number) for number in range(PICTURES)]
        job = Job(load=small_model, digest=model_digest(small_model()), settings=SETTINGS, folder=folder / "tables")
        measured = _measure(job, items)
        _join(job, folder / "out", measured)


def small_model() -> STViT:
    """Return a model that takes milliseconds, with random weights."""
    torch.manual_seed(0)
    widths, heads = (8, 8, 8, 8), (1, 2, 2, 2)
    return STViT(STViTConfig(num_classes=2, embed_dims=widths, depths=(1, 1, 1, 1), num_heads=heads, projection_dim=8))


def _picture(path: Path, seed: int) -> Item:
    pixels = np.random.default_rng(seed).integers(0, 255, (8, 8, 3), np.uint8)
    Image.fromarray(pixels).resize((64, 64), Image.Resampling.NEAREST).save(path)
    return Item(path.name, str(path))


def _measure(job: Job, items: list[Item]) -> list[MeasuredPicture]:
    measurer = Measurer(job)
    by_name = {item.name: item for item in items}
    measured: list[MeasuredPicture] = []
    marks = iter(MARKS)
    mark = next(marks)
    for batch in batches(items, BATCH):
        measured += [MeasuredPicture(by_name[one.name], None, one.digest) for one in measurer(batch)]
        if len(measured) >= mark:
            print(f"  after {mark:6,} pictures {peak_mib():7.0f} MiB", flush=True)
            mark = next(marks, PICTURES + 1)
    return measured


def _join(job: Job, out: Path, measured: list[MeasuredPicture]) -> None:
    out.mkdir()
    write_results(OwnFiles(out, "sweep"), SweepStore(job.folder, job.key), Results(measured, {}, None, {}))
    print(f"  after joining       {peak_mib():7.0f} MiB", flush=True)


if __name__ == "__main__":
    sweep_here()
