"""How far each metric of a model in half precision lies from its value in float32: the price of the speed."""

import pandas as pd
import torch

from analysis import ledger
from stvit import capture, load_pretrained
from stvit.images import prepare
from stvit.images.samples import sample_images
from stvit.precision import PRECISIONS

SAMPLES = ("china", "cat", "coffee", "rocket")
SIZE = 224
ANCHORS = 256
"""Rows of each attention that are measured, the same ones in every precision."""

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


def _table(pixels: torch.Tensor, precision: str) -> pd.Series:
    """Return each number by where it was measured."""
    found = capture(load_pretrained("demo").to(PRECISIONS[precision]), pixels)
    return ledger(found, ("super", "global"), anchors=ANCHORS).set_index(KEYS)["value"]


if __name__ == "__main__":
    main()
