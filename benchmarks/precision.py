"""Half precision: how far each metric lies from its value in float32, and how much faster a run is."""

from collections.abc import Iterator
from functools import partial

import pandas as pd
import torch

from analysis import ledger
from benchmarks.timing import compare
from stvit import STViT, capture, load_pretrained
from stvit.images import prepare
from stvit.images.samples import sample_images
from stvit.precision import PRECISIONS

SAMPLES = ("china", "cat", "coffee", "rocket")
SIZE = 224
ANCHORS = 256
"""Rows of each attention that are measured, the same ones in every precision."""

SIZES = (224, 384, 512, 768, 1024)
REPEATS = 5

KEYS = ["image", "stage", "block", "head", "attention", "metric"]


def main() -> None:
    """Print a line for each metric of the trained demo model."""
    pixels = torch.cat([prepare(sample_images()[name](), SIZE).pixels for name in SAMPLES])
    tables = {name: _table(pixels, name) for name in PRECISIONS}
    print(
        f"\nstvit_demo at {SIZE} px, super and global attention, {len(SAMPLES)} pictures: mean over pictures, blocks "
        "and heads,\nand mean difference of each number from float32's"
    )
    exact = tables.pop("float32")
    lines = pd.DataFrame({"float32": exact.groupby("metric", sort=False).mean()})
    for name, table in tables.items():
        lines[f"{name} differs by"] = (table - exact).abs().groupby("metric", sort=False).mean()
        lines[f"share, {name}"] = lines[f"{name} differs by"] / exact.abs().groupby("metric", sort=False).mean()
    print(lines.to_string(float_format=lambda value: f"{value:.3g}"))
    print("\nA run of the app, which captures and replays one picture: bfloat16 against float32")
    for line in runs():
        print(line, flush=True)


def runs() -> Iterator[str]:
    """Yield a line for each size: where half precision pays."""
    full, half = load_pretrained("demo"), load_pretrained("demo").to(PRECISIONS["bfloat16"])
    for size in SIZES:
        pixels = prepare(sample_images()[SAMPLES[0]](), size).pixels
        found = compare(partial(_run, half, pixels), partial(_run, full, pixels), REPEATS)
        times = f"bfloat16 {found.first * 1e3:7.0f} ms   float32 {found.second * 1e3:7.0f} ms"
        yield f"  {size:>5} px   {times}   ratio {found.ratio:.2f}   ({REPEATS} pairs)"


def _run(model: STViT, pixels: torch.Tensor) -> None:
    capture(model, pixels).replay_error()


def _table(pixels: torch.Tensor, precision: str) -> pd.Series:
    """Return each number by where it was measured."""
    found = capture(load_pretrained("demo").to(PRECISIONS[precision]), pixels)
    return ledger(found, ("super", "global"), anchors=ANCHORS).set_index(KEYS)["value"]


if __name__ == "__main__":
    main()
