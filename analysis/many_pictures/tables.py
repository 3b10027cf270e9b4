"""The table of each picture in a file of its own: work can be killed, resumed and shared out over many machines."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from stvit.atomic_files import file_digest, write_atomically

CSV_ROWS = 2_000_000
"""Tables of more rows are written as Parquet only: as CSV they would take gigabytes."""


class PictureTables:
    """What was measured, picture by picture, under names that follow from all that the numbers depend on.

    These are the settings and the bytes of the picture, whatever it is called and wherever it lies: an edited picture
    never has the old result, a copy on another machine does.

    Args:
        folder: Where the files are; it appears with the first.
        settings: All that the numbers depend on apart from the picture, as text.
    """

    def __init__(self, folder: Path, settings: str) -> None:
        self.folder, self.settings = folder, settings
        self._digests: dict[Path, str] = {}

    def __contains__(self, picture: Path) -> bool:
        """Return whether a picture was measured; False for a file that cannot be found."""
        try:
            return self._path(picture).exists()
        except OSError:
            return False

    def write(self, picture: Path, table: pd.DataFrame) -> None:
        """Keep the table of a picture; the file is complete or absent, whatever happens meanwhile.

        Raises:
            OSError: If the disk is full.
        """
        write_atomically(self._path(picture), lambda file: table.to_parquet(file, index=False))

    def read(self, picture: Path) -> pd.DataFrame:
        """Return the table of a picture, under the name it has now.

        Raises:
            FileNotFoundError: If it was not measured.
        """
        return pd.read_parquet(self._path(picture)).assign(image=str(picture))

    def _path(self, picture: Path) -> Path:
        if picture not in self._digests:
            self._digests[picture] = file_digest(picture)
        key = hashlib.sha256(f"{self.settings}\n{self._digests[picture]}".encode())
        return self.folder / f"{key.hexdigest()[:24]}.parquet"


def join_tables(tables: Iterable[pd.DataFrame], path: Path) -> int:
    """Write tables with the same columns one after the other as one Parquet file, and return the number of rows.

    One table is in memory at a time.

    Raises:
        ValueError: If there is none.
        OSError: If the disk is full.
    """
    rows = 0

    def write(file: BinaryIO) -> None:
        nonlocal rows
        writer = None
        for table in tables:
            part = pa.Table.from_pandas(table, preserve_index=False)
            writer = writer or pq.ParquetWriter(file, part.schema)
            writer.write_table(part)
            rows += len(table)
        if writer is None:
            raise ValueError("There is no table to write.")
        writer.close()

    write_atomically(path, write)
    return rows


def write_csv(tables: Iterable[pd.DataFrame], path: Path) -> None:
    """Write tables with the same columns one after the other as one CSV file."""

    def write(file: BinaryIO) -> None:
        for number, table in enumerate(tables):
            table.to_csv(file, index=False, header=number == 0)

    write_atomically(path, write)
