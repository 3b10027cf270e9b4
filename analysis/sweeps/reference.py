"""The reference that ships: how each number of the ledger spreads over a dataset, by model, block and head.

`reference(name)` reads it, and `percentile` places one picture's number in it. What was swept, and how it is made
again, stands in docs/datasets.md.
"""

import json
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.redundancy.catalogue import chosen_metrics
from stvit import BlockId
from stvit.atomic_files import write_atomically
from stvit.foreign_text import plain

REFERENCE = Path(__file__).with_name("reference.parquet")
"""The file that ships."""

LEVELS = (0, 1, 5, 10, 25, 40, 50, 60, 75, 90, 95, 99, 100)
"""Percentiles that are kept; 0 and 100 are the least and the greatest value."""

QUANTILES = tuple(f"q{level:02d}" for level in LEVELS)
"""Their columns."""

PLACES = ("stage", "block", "head", "attention", "metric")

TEXT = pa.dictionary(pa.int8(), pa.string())

SCHEMA = pa.schema(
    [
        ("model", TEXT),
        *((name, pa.int8()) for name in ("stage", "block", "head")),
        *((name, TEXT) for name in ("attention", "metric")),
        *((name, pa.float32()) for name in QUANTILES),
    ]
)
"""Of the file: a row for each model, block, head, attention and metric.

Where the head is missing, the number is one of the block, or the mean over heads.
"""

_ABOUT = b"sweeps"


@dataclass(frozen=True)
class Swept:
    """What was swept.

    Attributes:
        weights: Digest of the model's weights.
        pictures: Number of pictures.
        every: Every N-th picture of the dataset was measured.
        size: Short side of the pictures in px.
        framing: "crop" or "whole".
        anchors: Rows of each attention that were measured; None for all.
    """

    weights: str
    pictures: int
    every: int
    size: int
    framing: str
    anchors: int | None


@dataclass(frozen=True, eq=False)
class Bands:
    """The spread of every number of one model over a dataset.

    Attributes:
        model: Name of the model.
        swept: What was swept.
        table: Columns: stage, block, head (from 0; missing for a number of the block and for the mean over heads),
            attention, metric, and a column of `QUANTILES` for each level.
    """

    model: str
    swept: Swept
    table: pd.DataFrame
    _asked_for: dict[tuple[str, str, int | None], pd.DataFrame] = field(default_factory=dict, init=False, repr=False)

    def of(self, metric: str, attention: str = "super", head: int | None = None) -> pd.DataFrame:
        """Return stage, block and quantiles of a metric in all blocks that have it, by depth; not to be changed.

        Args:
            metric: A name of the catalogue; it also stands for its estimate.
            attention: Which attention; metrics of blocks have none.
            head: Which head, from 0; None is the mean over heads, or the block.
        """
        asked = metric, attention, head
        if asked not in self._asked_for:  # a page asks for the same ones again with every picture
            self._asked_for[asked] = self._rows(*asked)
        return self._asked_for[asked]

    def _rows(self, metric: str, attention: str, head: int | None) -> pd.DataFrame:
        table, heads = self.table, self.table["head"]
        chosen = table["metric"].isin(chosen_metrics(metric)) & table["attention"].isin([attention, "block"])
        rows = table[chosen & (heads.isna() if head is None else heads == head)]
        return rows[["stage", "block", *QUANTILES]].reset_index(drop=True)


def reference(model: str, path: Path = REFERENCE) -> Bands | None:
    """Return the spread of a model's numbers, None if the reference does not have the model.

    Args:
        model: Name of the manifest, such as "demo".
        path: Another file than the one that ships.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If it is damaged or of another kind.

    Example:
        >>> bands = reference("demo")
        >>> bands.of("entropy")["stage"].unique().tolist()
        [0, 1, 2, 3]
    """
    return read_reference(path).get(model)


def read_reference(path: Path) -> dict[str, Bands]:
    """Return all models of a reference; see `reference`."""
    return _read(path, path.stat().st_mtime_ns)


@cache
def _read(path: Path, _: int) -> dict[str, Bands]:
    try:
        found = pq.read_table(path)
        about = json.loads((found.schema.metadata or {})[_ABOUT])
        swept = {model: Swept(**values) for model, values in about.items()}
        table = found.cast(SCHEMA).to_pandas(types_mapper={pa.int8(): pd.Int8Dtype()}.get)
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise ValueError(f"{plain(path, 200)} is no reference, or damaged; write it again from a sweep.") from error
    by_model = dict(list(table.groupby("model", observed=True)))
    return {
        model: Bands(model, what, by_model[model].drop(columns="model").reset_index(drop=True))
        for model, what in swept.items()
    }


def percentile(
    bands: Bands,
    metric: str,
    block: BlockId | tuple[int, int],
    head: int | None,
    value: float,
    attention: str = "super",
) -> float:
    """Return how many percent of the pictures of a reference have a smaller number; equal ones count half.

    Between the levels that are kept the spread is taken as even: 0 is below all pictures, 100 above all.

    Args:
        bands: The reference.
        metric: A name of the catalogue; it also stands for its estimate.
        block: Which block.
        head: Which head, from 0; None for a metric of the block, and for the mean over heads.
        value: The number of one picture.
        attention: Which attention; metrics of blocks have none.

    Raises:
        LookupError: If the reference does not have this number.
    """
    rows = bands.of(metric, attention, head)
    row = rows[(rows["stage"] == block[0]) & (rows["block"] == block[1])]
    if len(row) != 1:
        where = f"{BlockId(*block).caption}, {'mean over heads' if head is None else f'head {head + 1}'}"
        raise LookupError(f"The reference of {bands.model} has no {metric} of {attention} attention in {where}.")
    return _place(row.iloc[0][list(QUANTILES)].to_numpy(np.float64), float(np.float32(value)))


def _place(quantiles: np.ndarray, value: float) -> float:
    """Return the percentile of a value among rising quantiles, in the middle where several are equal to it."""
    first, last = np.searchsorted(quantiles, value, "left"), np.searchsorted(quantiles, value, "right")
    if first == last:
        return float(np.interp(value, quantiles, LEVELS, left=0, right=100))
    return (LEVELS[first] + LEVELS[last - 1]) / 2


def write_reference(bands: Bands, path: Path) -> None:
    """Put one model's bands into a reference, in place of what it had of that model.

    Raises:
        ValueError: If there is another kind of file.
        OSError: If the file cannot be written.
    """
    known = read_reference(path) if path.exists() else {}
    ordered = dict(sorted({**known, bands.model: bands}.items()))
    table = pd.concat([one.table.assign(model=model) for model, one in ordered.items()], ignore_index=True)
    arrow = pa.Table.from_pandas(table[SCHEMA.names], SCHEMA, preserve_index=False)
    about = json.dumps({model: asdict(one.swept) for model, one in ordered.items()})
    arrow = arrow.replace_schema_metadata({_ABOUT: about})
    options = {"compression": "zstd", "compression_level": 19, "use_dictionary": ["model", "attention", "metric"]}
    splits = {name: "BYTE_STREAM_SPLIT" for name in QUANTILES}
    write_atomically(path, lambda file: pq.write_table(arrow, file, column_encoding=splits, **options))
