"""Addresses such as s3://bucket/val, by fsspec: listed, read, and written as whole objects."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, TypeAlias

from fsspec import get_filesystem_class
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from stvit.error_text import sentence
from stvit.foreign_text import plain

WHOLE = ("s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "memory")
"""Stores that replace an object as a whole or not at all, so that whoever is killed while writing leaves no half of it.

S3 and Google Cloud Storage promise so for every upload, in parts or not, Azure for block blobs.
"""

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://")


@dataclass(frozen=True, slots=True)
class RemotePath:
    """A file or folder in a store, with what the sweep needs of `pathlib.Path`.

    Attributes:
        address: Protocol and path, such as s3://bucket/val.
    """

    address: str

    def __str__(self) -> str:
        return self.address

    def __truediv__(self, name: str) -> "RemotePath":
        return RemotePath(f"{self.address}/{name}")

    @property
    def name(self) -> str:
        """The last part."""
        return self.address.rpartition("/")[2]

    @property
    def suffix(self) -> str:
        """The ending of the name, with its dot."""
        return PurePosixPath(self.name).suffix

    @property
    def parent(self) -> "RemotePath":
        """The folder that holds it."""
        return RemotePath(self.address.rpartition("/")[0])

    def is_file(self) -> bool:
        """Return whether there is an object of this very name."""
        with self._opened() as (store, path):
            return bool(store.isfile(path))

    def exists(self) -> bool:
        """Return whether there is an object of this name or below it."""
        with self._opened() as (store, path):
            return bool(store.exists(path))

    def files(self) -> list["RemotePath"]:
        """Return all objects below it, in order."""
        with self._opened() as (store, path):
            inside = (found.removeprefix(path).lstrip("/") for found in sorted(store.find(path)))
            return [self / name for name in inside if name]

    def matches(self) -> list["RemotePath"]:
        """Return what the * and ? in the address stand for, in order."""
        with self._opened() as (store, path):
            return [RemotePath(store.unstrip_protocol(found)) for found in sorted(store.glob(path))]

    def open(self, mode: str = "rb") -> Any:
        """Open it as a binary file for reading; each store has files of its own."""
        with self._opened() as (store, path):
            return store.open(path, mode)

    def read_bytes(self, start: int | None = None, end: int | None = None) -> bytes:
        """Return its bytes, or those from a first to before a last one."""
        with self._opened() as (store, path):
            return bytes(store.cat_file(path, start=start, end=end))

    def write_bytes(self, data: bytes) -> None:
        """Put an object: whole or not at all in the stores of WHOLE."""
        with self._opened() as (store, path):
            store.pipe_file(path, data)

    def upload(self, file: Path) -> None:
        """Put the content of a file likewise."""
        with self._opened() as (store, path):
            store.put_file(str(file), path)

    def unlink(self) -> None:
        """Remove it, if it is there."""
        with self._opened() as (store, path):
            if store.exists(path):
                store.rm_file(path)

    @contextmanager
    def _opened(self) -> Iterator[tuple[Any, str]]:
        """Give the store and the path in it; whatever goes wrong becomes one kind of error.

        Raises:
            ModuleNotFoundError: If the package of the store is not installed.
            OSError: If the store cannot be reached or refuses.
        """
        try:
            yield url_to_fs(self.address)
        except ImportError as error:
            raise ModuleNotFoundError(f"{plain(self.address, 200)} needs a package: {sentence(error)}") from error
        except FileNotFoundError as error:
            raise FileNotFoundError(f"There is no {plain(self.address, 200)}, or no bucket to hold it.") from error
        except Exception as error:  # each store has errors of its own
            raise OSError(f"{plain(self.address, 200)} cannot be used: {sentence(error)}") from error


Place: TypeAlias = Path | RemotePath
"""Where a file or folder is: mounted or in a store."""


def place_of(text: str) -> Place:
    """Return what a text names: a path, also where it is written as file://, or an address of fsspec.

    Raises:
        ModuleNotFoundError: If the package of the store is not installed.
        ValueError: If fsspec knows no such store.

    Example:
        >>> place_of("data/val"), place_of("file:///data/val"), place_of("memory://val/")
        (PosixPath('data/val'), PosixPath('/data/val'), RemotePath(address='memory://val'))
    """
    if not is_address(text):
        return Path(text)
    try:
        store = get_filesystem_class(_protocol(text))
    except ImportError as error:
        raise ModuleNotFoundError(f"{plain(text, 200)} needs a package: {sentence(error)}") from error
    except ValueError as error:
        raise ValueError(f"{plain(text, 200)} is no address that fsspec knows: {sentence(error)}") from error
    return Path(store._strip_protocol(text)) if store is LocalFileSystem else RemotePath(text.rstrip("/"))


def check_writable(text: str) -> None:
    """Refuse an address at which a file may be half written.

    Raises:
        ValueError: If it is one.
    """
    if is_address(text) and _protocol(text) not in (*WHOLE, *LocalFileSystem.protocol):
        raise ValueError(
            f"{plain(text, 200)} may keep half a file if a run is killed; results go to a folder or to an address of "
            f"{', '.join(WHOLE[:-1])}."
        )


def is_address(text: str) -> bool:
    """Return whether a text is an address and no path."""
    return _ADDRESS.match(text) is not None


def _protocol(address: str) -> str:
    return address.partition("://")[0]


def source_of(place: Place) -> Path | io.BytesIO:
    """Return what pyarrow reads: the path, or the bytes of the object.

    Raises:
        OSError: If the object cannot be read.
    """
    return io.BytesIO(place.read_bytes()) if isinstance(place, RemotePath) else place
