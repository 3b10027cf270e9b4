"""Join all tables of a sweep into a few large files, streamed: memory is that of a few hundred pictures."""

import csv
import fcntl
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain, count
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from analysis.many_pictures.own_files import OwnFiles
from analysis.many_pictures.tables import SCHEMA
from analysis.sweeps.items import Item
from analysis.sweeps.store import Prediction, SweepStore

FILE_BYTES = 128 * 2**20
"""Size at which the next file of the ledger begins."""

GROUP_ROWS = 250_000
"""Rows that are written together: the memory that joining takes."""

PICTURES_TOGETHER = 10_000

CONFIGURATION = "sweep.json"
"""Says what was measured; written last, so that a folder without it has no complete results."""

PICTURES = pa.schema(
    [
        ("image", pa.string()),
        ("sha256", pa.string()),
        ("class", pa.string()),
        ("label", pa.int32()),
        ("prediction", pa.int32()),
        ("predicted_class", pa.string()),
        ("probability", pa.float64()),
        ("correct", pa.bool_()),
    ]
)
"""Of pictures.parquet: a row for each picture that was measured."""

PLACE = ("image", "stage", "block", "attention", "metric", "unit")

HEAD_MEANS = pa.schema([*(SCHEMA.field(name) for name in PLACE), SCHEMA.field("value")])
"""Of head_means-*.parquet: a row for each picture, block, attention and metric."""


@dataclass(frozen=True, slots=True)
class MeasuredPicture:
    """A picture that has a table.

    Attributes:
        item: The picture.
        label: Its class as the model counts, None if unknown.
        digest: Sha256 of its bytes.
    """

    item: Item
    label: int | None
    digest: str


@dataclass(frozen=True)
class Results:
    """What a sweep found, and the configuration stored with its results.

    Attributes:
        measured: The pictures in order.
        errors: Why other pictures have no table, by name.
        class_names: Of the model's classes, if known.
        configuration: What sweep.json says.
    """

    measured: Sequence[MeasuredPicture]
    errors: Mapping[str, str]
    class_names: Sequence[str] | None
    configuration: Mapping[str, Any]


def write_results(files: OwnFiles, store: SweepStore, results: Results) -> None:
    """Write ledger-* and head_means-*.parquet, pictures.parquet, errors.csv and, last, sweep.json.

    Files of an earlier sweep are removed.

    Raises:
        DamagedTableError: If a table was removed meanwhile.
        OSError: If the disk is full.
    """
    with _alone(files.folder):
        (files.folder / CONFIGURATION).unlink(missing_ok=True)
        predictions = _write_ledger(files, store, results.measured)
        files.write("pictures.parquet", partial(_write_pictures, results, predictions))
        files.write("errors.csv", _csv(results.errors))
        files.write(CONFIGURATION, json.dumps(results.configuration, indent=1).encode())
        files.finish()


def _write_ledger(files: OwnFiles, store: SweepStore, measured: Sequence[MeasuredPicture]) -> list[Prediction]:
    """Write the ledger file by file, and return what else each table holds."""
    predictions: list[Prediction] = []
    groups = _row_groups(store, measured, predictions)
    for number in count():
        first = next(groups, None)
        if first is None:
            return predictions
        name = f"ledger-{number:05d}.parquet"
        files.write(name, partial(_fill, chain([first], groups)))
        files.write(f"head_means-{number:05d}.parquet", partial(write_head_means, files.folder / name))
    raise AssertionError  # a count does not end


def _row_groups(
    store: SweepStore, measured: Sequence[MeasuredPicture], predictions: list[Prediction]
) -> Iterator[pa.Table]:
    parts: list[pa.Table] = []
    rows = 0
    for one in measured:
        table, prediction = store.read(one.digest, one.item.name)
        predictions.append(prediction)
        parts.append(table)
        rows += len(table)
        if rows >= GROUP_ROWS:
            yield pa.concat_tables(parts).unify_dictionaries()
            parts, rows = [], 0
    if parts:
        yield pa.concat_tables(parts).unify_dictionaries()


def _fill(groups: Iterator[pa.Table], file: BinaryIO) -> None:
    """Write groups of rows to a file until it is large enough."""
    with pq.ParquetWriter(file, SCHEMA, compression="zstd") as writer:
        for group in groups:
            writer.write_table(group)
            if file.tell() >= FILE_BYTES:
                return


def write_head_means(ledger: Path, file: BinaryIO) -> None:
    """Write the means over heads of a file of the ledger, whose groups of rows hold whole pictures."""
    with pq.ParquetFile(ledger) as read, pq.ParquetWriter(file, HEAD_MEANS, compression="zstd") as writer:
        for group in range(read.num_row_groups):
            writer.write_table(head_means(read.read_row_group(group, [*PLACE, "value"])))


def head_means(rows: pa.Table) -> pa.Table:
    """Return the mean over heads of each picture, block, attention and metric, in the order of the rows.

    Args:
        rows: Of the ledger, each picture whole.
    """
    found = rows.group_by(list(PLACE), use_threads=False).aggregate([("value", "mean")])
    return found.rename_columns([*PLACE, "value"]).cast(HEAD_MEANS)


def _write_pictures(results: Results, predictions: Sequence[Prediction], file: BinaryIO) -> None:
    with pq.ParquetWriter(file, PICTURES, compression="zstd") as writer:
        for start in range(0, len(predictions), PICTURES_TOGETHER):
            part = slice(start, start + PICTURES_TOGETHER)
            both = zip(results.measured[part], predictions[part], strict=True)
            rows = [_picture(one, prediction, results.class_names) for one, prediction in both]
            writer.write_table(pa.Table.from_pylist(rows, PICTURES))


def _picture(one: MeasuredPicture, prediction: Prediction, class_names: Sequence[str] | None) -> dict[str, Any]:
    number = prediction.number
    return {
        "image": one.item.name,
        "sha256": one.digest,
        "class": one.item.folder or None,
        "label": one.label,
        "prediction": number,
        "predicted_class": class_names[number] if class_names and number is not None else None,
        "probability": prediction.probability,
        "correct": None if one.label is None or number is None else one.label == number,
    }


def _csv(errors: Mapping[str, str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("image", "reason"), *errors.items()])
    return text.getvalue().encode()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until no other sweep is joining its tables in this folder."""
    with (folder / ".sweep.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
