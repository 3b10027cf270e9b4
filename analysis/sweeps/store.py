"""The table of each picture in a separate file, complete or absent, named after everything it depends on."""

import hashlib
import json
from dataclasses import asdict, dataclass
from io import BytesIO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.many_pictures.tables import SCHEMA, DamagedTableError, to_arrow
from analysis.sweeps.job import SweepError
from analysis.sweeps.remote import Place, RemotePath, source_of
from stvit.atomic_files import write_atomically
from stvit.error_text import sentence

_KEY = b"prediction"


@dataclass(frozen=True)
class Prediction:
    """What the model predicts for a picture.

    Attributes:
        number: Number of the class, from 0; None if the model has no classes.
        probability: Probability that the model gives it; None likewise.
    """

    number: int | None
    probability: float | None


NOTHING = Prediction(None, None)
"""Of a model that has features and no classes."""


class SweepStore:
    """Tables by picture, in folders of two letters so that a million files stay usable.

    Resuming, killed workers, retries and several sweeps at once need nothing else: a second worker finds the
    table, or writes the same one again.

    Args:
        folder: Where the files are; it is created with the first.
        key: Everything that the numbers depend on apart from the picture.
    """

    def __init__(self, folder: Place, key: str) -> None:
        self.folder, self.key = folder, key

    def has(self, digest: str) -> bool:
        """Return whether the table of a picture exists and is complete."""
        try:
            with pq.ParquetFile(source_of(self.path(digest))) as file:
                return bool(file.schema_arrow.equals(SCHEMA)) and _KEY in (file.schema_arrow.metadata or {})
        except (OSError, ValueError, pa.ArrowException):
            return False

    def write(self, digest: str, table: pd.DataFrame, prediction: Prediction) -> None:
        """Keep the table of a picture.

        Raises:
            SweepError: If it cannot be written, for example because the disk is full.
        """
        arrow = to_arrow(table)
        arrow = arrow.replace_schema_metadata({**(arrow.schema.metadata or {}), _KEY: json.dumps(asdict(prediction))})
        try:
            _write(self.path(digest), arrow)
        except OSError as error:
            raise SweepError(sentence(error)) from error

    def read(self, digest: str, name: str) -> tuple[pa.Table, Prediction]:
        """Return the table of a picture under the name it has now, and the prediction.

        Raises:
            DamagedTableError: If it was removed or damaged since it was measured.
        """
        path = self.path(digest)
        try:
            with pq.ParquetFile(source_of(path)) as file:
                table = file.read()
            prediction = Prediction(**json.loads(table.schema.metadata[_KEY]))
        except (OSError, ValueError, TypeError, KeyError, pa.ArrowException) as error:
            raise DamagedTableError(
                f"The table {path.name} was removed or damaged during this run; start it again."
            ) from error
        names = pa.DictionaryArray.from_arrays(pa.array([0] * len(table), pa.int32()), [name])
        return table.set_column(0, SCHEMA.field(0), names).replace_schema_metadata(SCHEMA.metadata), prediction

    def path(self, digest: str) -> Place:
        """Return where the table of a picture is kept."""
        name = hashlib.sha256(f"{self.key}\n{digest}".encode()).hexdigest()[:32]
        return self.folder / name[:2] / f"{name}.parquet"


def _write(path: Place, table: pa.Table) -> None:
    if isinstance(path, RemotePath):
        whole = BytesIO()
        pq.write_table(table, whole, compression="zstd")
        path.write_bytes(whole.getvalue())
    else:
        write_atomically(path, lambda file: pq.write_table(table, file, compression="zstd"))
