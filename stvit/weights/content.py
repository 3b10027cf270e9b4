"""The bytes of a file, read once: what is hashed is what is loaded, whatever happens to the file meanwhile."""

import hashlib
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from stvit.foreign_text import quoted
from stvit.weights.errors import WeightsError, WeightsNotFoundError

MAX_BYTES = 8 << 30
"""Greatest size of a file: a checkpoint of the largest model with its optimiser has a quarter of it."""


@dataclass(frozen=True)
class Content:
    """What a file held when it was read.

    Attributes:
        path: Its location.
        data: Its bytes.
    """

    path: Path
    data: bytes

    def __post_init__(self) -> None:
        """Refuse a file without content, wherever it came from.

        Raises:
            WeightsError: If there is not a byte.
        """
        if not self.data:
            raise WeightsError(f"{self.name} is empty; download or copy it again.")

    @property
    def name(self) -> str:
        """The file's name as a sentence shows it, in quotation marks."""
        return quoted(self.path.name)

    @cached_property
    def sha256(self) -> str:
        """Digest of the bytes, hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()


def read_content(path: str | os.PathLike[str]) -> Content:
    """Read a regular file that is not empty.

    Raises:
        WeightsNotFoundError: If there is no such file.
        WeightsError: If it is a folder, a device, empty, too large or not readable.
    """
    path = Path(path)
    name, full = quoted(path.name), quoted(path, 200)
    if path.is_dir():
        hint = f"; load it with `STViT.from_pretrained({full})`" if (path / "config.json").is_file() else ""
        raise WeightsError(f"{full} is a directory, expected a file of weights{hint}.")
    if not path.exists():
        raise WeightsNotFoundError(f"There is no file {full}; check the path.")
    if not path.is_file():
        raise WeightsError(f"{full} is not a regular file, expected a file of weights.")
    try:
        with path.open("rb") as file:
            data = file.read() if path.stat().st_size <= MAX_BYTES else b""
            too_large = not data and bool(file.read(1))
    except OSError as error:
        raise WeightsError(f"{name} cannot be read: {error.strerror}.") from error
    except MemoryError as error:
        raise WeightsError(f"{name} is larger than the memory that is left.") from error
    if too_large:
        raise WeightsError(f"{name} is larger than {MAX_BYTES >> 30} GB, which no checkpoint of an STViT is.")
    return Content(path, data)
