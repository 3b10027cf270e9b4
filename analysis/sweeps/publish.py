"""Where a sweep joins its tables: in the folder of the results, or beside it if that is an address."""

from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from tempfile import TemporaryDirectory

from analysis.sweeps.join import CONFIGURATION
from analysis.sweeps.remote import Place, RemotePath

JOINED = ("ledger-*.parquet", "head_means-*.parquet", "pictures.parquet", "errors.csv")
"""Files of joined results, besides the one that says they are complete."""


@contextmanager
def joining_folder(out: Place) -> Iterator[Path]:
    """Give the folder to join in; what lies there at the end is in the folder or at the address of the results.

    Files for an address are joined in a temporary folder, which needs room for them all.

    Raises:
        OSError: If a file cannot be put.
    """
    if isinstance(out, Path):
        yield out
        return
    with TemporaryDirectory(prefix="sweep-") as folder:
        yield Path(folder)
        _publish(Path(folder), out)


def _publish(folder: Path, out: RemotePath) -> None:
    """Replace the results at an address; sweep.json goes first and comes last: without it they are not complete."""
    (out / CONFIGURATION).unlink()
    names = sorted(path.name for path in folder.iterdir() if _is_joined(path.name))
    for name in names:
        (out / name).upload(folder / name)
    for old in (old for pattern in JOINED for old in (out / pattern).matches()):
        if old.name not in names:
            old.unlink()
    (out / CONFIGURATION).upload(folder / CONFIGURATION)


def _is_joined(name: str) -> bool:
    return any(fnmatch(name, pattern) for pattern in JOINED)
