"""The results of many pictures as files: the joint table, its means, their figures."""

from collections.abc import Sequence
from functools import partial
from typing import BinaryIO

import pyarrow.parquet as pq

from analysis.figures.paper.files import figure_bytes
from analysis.many_pictures.means import Summary
from analysis.many_pictures.measuring import Measured
from analysis.many_pictures.own_files import OwnFiles
from analysis.many_pictures.tables import CSV_ROWS, SCHEMA, PictureTables, to_arrow
from analysis.reports.means import mean_figures


def write_results(
    files: OwnFiles,
    measured: Sequence[Measured],
    tables: PictureTables,
    attentions: Sequence[str],
    formats: Sequence[str],
    own: str,
) -> bool:
    """Write ledger.parquet, ledger.csv, summary.csv and the figures, and remove those of an earlier run.

    Args:
        files: Where to.
        measured: The pictures.
        tables: Where their tables are.
        attentions: What to draw for every head.
        formats: Of the figures.
        own: What people call the attention of the model.

    Returns:
        Whether there is a CSV of the whole; above `CSV_ROWS` rows there is none.

    Raises:
        OSError: If the disk is full.
    """
    summary = Summary()
    has_csv = sum(one.rows for one in measured) <= CSV_ROWS
    joined = partial(_join, measured, tables, summary)
    if has_csv:  # both are written from one reading of the tables
        files.write("ledger.parquet", lambda parquet: files.write("ledger.csv", lambda csv: joined(parquet, csv)))
    else:
        files.write("ledger.parquet", lambda parquet: joined(parquet, None))
    means = summary.table()
    files.write("summary.csv", means.to_csv(index=False).encode())
    for name, figure in mean_figures(means, len(measured), attentions, own):
        for suffix in formats:
            files.write(f"{name}.{suffix}", figure_bytes(figure, suffix))
    files.finish()
    return has_csv


def _join(
    measured: Sequence[Measured], tables: PictureTables, summary: Summary, parquet: BinaryIO, csv: BinaryIO | None
) -> None:
    """Read each table once, and give it to all that want it; one is in memory at a time."""
    with pq.ParquetWriter(parquet, SCHEMA) as writer:
        for number, one in enumerate(measured):
            table = tables.read_again(one.digest, one.name)
            summary.add(table)
            writer.write_table(to_arrow(table))
            if csv is not None:
                table.to_csv(csv, index=False, header=number == 0)
