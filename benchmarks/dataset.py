"""How long a sweep of ten million rows takes to open and to answer what the page Dataset asks."""

import json
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from analysis import ledger
from analysis.many_pictures.tables import SCHEMA, to_arrow
from analysis.sweeps.join import CONFIGURATION, PICTURES, write_head_means
from analysis.sweeps.reading import Sweep, correlations, distributions, extremes, open_sweep
from benchmarks.timing import seconds
from stvit import capture, load_pretrained
from stvit.images import prepare
from stvit.images.samples import sample_images

ROWS = 10_000_000
TOGETHER = 138
"""Pictures written together, as many as joining takes."""


def main() -> None:
    """Print the seconds that opening takes, and each question."""
    with tempfile.TemporaryDirectory() as named:
        folder = Path(named)
        pictures = synthetic_sweep(folder)
        print(f"\nA sweep of {pictures:,} pictures, {ROWS:,} rows")
        opened: list[Sweep] = []
        for title, asked in {
            "open": lambda: opened.append(open_sweep(folder)),
            "percentile bands of one metric": lambda: distributions(opened[0], "entropy"),
            "correlations of one metric": lambda: correlations(opened[0], "entropy"),
            "most and least redundant pictures": lambda: extremes(opened[0]),
            "percentile bands of every metric": lambda: distributions(opened[0]),
            "correlations of every metric": lambda: correlations(opened[0]),
        }.items():
            print(f"  {title:<40} {seconds(asked):6.2f} s", flush=True)


def synthetic_sweep(folder: Path, rows: int = ROWS) -> int:
    """Write a sweep with the rows of a real one and random values, and return its number of pictures."""
    torch.set_num_threads(1)
    cap = capture(load_pretrained("demo"), prepare(sample_images()["astronaut"](), 224).pixels)
    one = to_arrow(ledger(cap, ("super", "global"), anchors=256, image_names=[""]))
    names = [f"val/class{number % 10}/{number:08d}.jpg" for number in range(-(-rows // len(one)))]
    random = np.random.default_rng(0)
    path = folder / "ledger-00000.parquet"
    with pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
        for start in range(0, len(names), TOGETHER):
            writer.write_table(_rows(one, names[start : start + TOGETHER], random))
    with (folder / "head_means-00000.parquet").open("wb") as file:
        write_head_means(path, file)
    pq.write_table(_pictures(names, random), folder / "pictures.parquet")
    said = {"model": "synthetic", "pictures": len(names), "errors": 0}
    said["settings"] = {"anchors": 256, "size": 224, "framing": "crop"}
    (folder / CONFIGURATION).write_text(json.dumps(said))
    return len(names)


def _rows(one: pa.Table, names: list[str], random: np.random.Generator) -> pa.Table:
    """Return the rows of some pictures: those of one with their values spread by 10 %."""
    number = np.repeat(np.arange(len(names), dtype=np.int32), len(one))
    image = pa.DictionaryArray.from_arrays(number, names)
    many = pa.concat_tables([one] * len(names)).unify_dictionaries()
    value = pa.array(many["value"].to_numpy() * random.normal(1, 0.1, len(many)))
    return many.set_column(0, SCHEMA.field("image"), image).set_column(6, SCHEMA.field("value"), value)


def _pictures(names: list[str], random: np.random.Generator) -> pa.Table:
    count = len(names)
    table = pd.DataFrame({"image": names, "sha256": [f"{number:064x}" for number in range(count)]})
    table["class"] = [name.split("/")[1] for name in names]
    table = table.assign(
        label=np.arange(count) % 10, prediction=random.integers(0, 10, count), predicted_class="church"
    )
    table = table.assign(probability=random.random(count), correct=random.random(count) < 0.8)
    return pa.Table.from_pandas(table, PICTURES, preserve_index=False)
