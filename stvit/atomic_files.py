"""Files that are complete or absent: write beside the target, flush to disk, rename; and what tells them apart."""

import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def explain_full_disk(path: Path) -> Iterator[None]:
    """Turn the error of a full disk into a sentence that says what to do.

    Raises:
        OSError: With the same errno, if the disk is full or over its quota.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise OSError(
            error.errno,
            f"The disk is full: {path.name} could not be written to {path.parent}. Older files are untouched; "
            "free some space, then resume or try again.",
        ) from error


def write_atomically(path: Path, content: bytes | Callable[[BinaryIO], None]) -> None:
    """Write a file so that it is either the old one or complete, whatever happens meanwhile.

    Args:
        path: The target.
        content: Bytes, or a function that writes to an open binary file.

    Raises:
        OSError: If the disk is full; the old file, if any, stays and nothing half-written is left.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with explain_full_disk(path), partial.open("wb") as file:
            if callable(content):
                content(file)
            else:
                file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def file_digest(path: str | os.PathLike[str]) -> str:
    """Return the sha256 of a file's bytes, hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
