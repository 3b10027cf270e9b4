"""The table of each picture in a separate file: work can be killed, resumed and shared out over many machines."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from stvit.atomic_files import write_atomically

CSV_ROWS = 2_000_000
"""Tables of more rows are written as Parquet only: as CSV they would take gigabytes."""

TEXT = pa.dictionary(pa.int32(), pa.string())
"""Type of names in files: each is stored once."""

COLUMN_TYPES = {
    "image": (TEXT, "str"),
    "stage": (pa.int8(), "Int64"),
    "block": (pa.int8(), "Int64"),
    "head": (pa.int8(), "Int64"),
    "attention": (TEXT, "str"),
    "metric": (TEXT, "str"),
    "value": (pa.float64(), "float64"),
    "unit": (TEXT, "str"),
    "stderr": (pa.float64(), "float64"),
    "where": (TEXT, "str"),
}
"""Type of each column of the ledger in files and in pandas."""

Types = Mapping[str, tuple[pa.DataType, str]]
"""Of columns, in files and in pandas."""


def schema_of(types: Types) -> pa.Schema:
    """Return the schema of all Parquet files of such tables, whatever a picture's table happens to hold.

    Readers of many files take the schema of the first. It tells pandas that a missing head is no reason to read heads
    as 0.0.
    """
    empty = pd.DataFrame({name: pd.Series([], dtype=dtype) for name, (_, dtype) in types.items()})
    fields = pa.schema([(name, kind) for name, (kind, _) in types.items()])
    return pa.Table.from_pandas(empty, fields, preserve_index=False).schema


SCHEMA = schema_of(COLUMN_TYPES)
"""Of every Parquet file of ledgers."""


class DamagedTableError(ValueError):
    """A stored table that cannot be read, or that holds no number."""


class PictureTables:
    """What was measured, picture by picture, under names that follow from everything the numbers depend on.

    These are the settings and the bytes of the picture, whatever it is called and wherever it lies: an edited picture
    never has the old result, a copy on another machine does.

    Args:
        folder: Where the files are; it is created with the first.
        settings: Everything that the numbers depend on apart from the picture, as text.
        types: Of the columns; those of the ledger by default.
    """

    def __init__(self, folder: Path, settings: str, types: Types = COLUMN_TYPES) -> None:
        self.folder, self.settings, self._types, self.schema = folder, settings, types, schema_of(types)

    def write(self, digest: str, table: pd.DataFrame) -> None:
        """Keep the table of a picture; the file is complete or absent, whatever happens meanwhile.

        Args:
            digest: Sha256 of the bytes that were measured.
            table: Of `analysis.ledger`.

        Raises:
            OSError: If the disk is full.
        """
        write_atomically(self._path(digest), lambda file: pq.write_table(to_arrow(table, self.schema), file))

    def read(self, digest: str, name: str) -> pd.DataFrame | None:
        """Return the table of a picture under the name it has now, None if it was not measured.

        Raises:
            DamagedTableError: If there is a table that cannot be used.
        """
        path = self._path(digest)
        if not path.exists():
            return None
        try:
            with pq.ParquetFile(path) as file:  # not read_table, which takes folders called stage=1 for columns
                table = file.read()
        except (OSError, ValueError, pa.ArrowException) as error:
            raise DamagedTableError(f"{path.name} cannot be read") from error
        if not table.num_rows or not table.schema.equals(self.schema):
            raise DamagedTableError(f"{path.name} holds no table of a picture")
        return as_typed(table.to_pandas(), self._types).assign(image=name)

    def read_again(self, digest: str, name: str) -> pd.DataFrame:
        """Return the table of a picture that this run measured or found.

        Raises:
            DamagedTableError: If it is gone or cannot be used.
        """
        table = self.read(digest, name)
        if table is None:
            raise DamagedTableError(f"The table of {name!r} was removed during this run; start it again.")
        return table

    def _path(self, digest: str) -> Path:
        key = hashlib.sha256(f"{self.settings}\n{digest}".encode())
        return self.folder / f"{key.hexdigest()[:24]}.parquet"


def to_arrow(table: pd.DataFrame, schema: pa.Schema = SCHEMA) -> pa.Table:
    """Return a table in the schema of all files."""
    return pa.Table.from_pandas(table, schema, preserve_index=False)


def as_typed(table: pd.DataFrame, types: Types = COLUMN_TYPES) -> pd.DataFrame:
    """Return a table that was read as it was before: plain texts, whole numbers, missing heads."""
    return table.astype({name: dtype for name, (_, dtype) in types.items()})
