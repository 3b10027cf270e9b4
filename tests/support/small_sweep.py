"""The results of a sweep of pictures that exist, with random numbers, written as joining writes them."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.many_pictures.tables import to_arrow
from analysis.redundancy.where import where_column
from analysis.sweeps.join import PICTURES, head_means
from stvit.images import read_picture
from tests.support.sweeps import picture

COUNT = 24
METRICS = {"normalised_entropy": "share", "head_cosine": "cosine", "effective_rank": "dimensions"}
CLASSES = ("church", "tench")


def small_sweep(folder: Path, seed: int = 0, model: str = "demo") -> tuple[pd.DataFrame, pd.DataFrame]:
    """Write pictures (the same for all seeds) and the results of a sweep of them; return its ledger and pictures."""
    paths = [picture(folder.parent / "pictures" / CLASSES[n % 2] / f"{n}.png", n) for n in range(COUNT)]
    names = [str(path.relative_to(folder.parent)) for path in paths]
    folder.mkdir()
    random = np.random.default_rng(seed)
    rows = [
        (name, 0, block, head, attention, metric, random.uniform(), unit)
        for name in names
        for block in (0, 1)
        for attention in ("super", "global")
        for head in (0, 1)
        for metric, unit in METRICS.items()
    ]
    rows += [
        (name, 0, block, pd.NA, "block", "token_cosine", random.uniform(), "cosine")
        for name in names
        for block in (0, 1)
    ]
    columns = ["image", "stage", "block", "head", "attention", "metric", "value", "unit"]
    table = pd.DataFrame(rows, columns=columns).astype({"stage": "Int64", "block": "Int64", "head": "Int64"})
    table = table.assign(stderr=np.nan, where=where_column(table))
    pq.write_table(to_arrow(table), folder / "ledger-00000.parquet")
    pq.write_table(head_means(to_arrow(table)), folder / "head_means-00000.parquet")
    pictures = pd.DataFrame({"image": names, "sha256": [read_picture(path).sha256 for path in paths]})
    label = np.arange(COUNT) % 2
    guess = random.integers(0, 2, COUNT)
    pictures = pictures.assign(label=label, prediction=guess, probability=random.uniform(0.5, 1, COUNT))
    pictures["class"] = [f"n0{number}" for number in label]
    pictures = pictures.assign(predicted_class=[CLASSES[number] for number in guess], correct=guess == label)
    pq.write_table(pa.Table.from_pandas(pictures, PICTURES, preserve_index=False), folder / "pictures.parquet")
    settings = {"anchors": 256, "size": 224, "framing": "crop", "attentions": ["super", "global"]}
    said = {"model": model, "weights": "digest", "pictures": COUNT, "errors": 0, "settings": settings}
    (folder / "sweep.json").write_text(json.dumps(said | {"directory": str(folder.parent)}))
    return table, pictures
