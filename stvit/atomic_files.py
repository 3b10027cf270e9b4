"""Files that are complete or absent: write beside the target, flush to disk, rename; and how to tell files apart."""

import errno
import hashlib
import os
import re
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import BinaryIO

from stvit.foreign_text import plain, quoted

ABANDONED = 24 * 3600.0
"""Age in seconds after which a partial file is taken for the rest of a process that died."""

_PARTIAL = re.compile(r".+\.[0-9a-f]{32}\.part")


class OverwriteError(ValueError):
    """The file to write is one that the command reads."""


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
            f"The disk is full: {plain(path.name)} could not be written to {plain(path.parent, 200)}. Older files are "
            "untouched; free some space, then resume or try again.",
        ) from error


@contextmanager
def _explain_folder(path: Path) -> Iterator[None]:
    """Turn the error of a folder that cannot be written to into a sentence that names it, not the partial file."""
    try:
        yield
    except OSError as error:
        reason = "it is no folder" if error.errno in (errno.EEXIST, errno.ENOTDIR) else error.strerror
        raise OSError(
            error.errno,
            f"{quoted(path.name)} cannot be written to {quoted(path.parent, 200)} ({reason}); choose another folder.",
        ) from error


def write_atomically(
    path: str | os.PathLike[str],
    content: bytes | Callable[[BinaryIO], object],
    inputs: Iterable[str | os.PathLike[str]] = (),
) -> None:
    """Write a file so that, whatever happens meanwhile, it is either the old one or the complete new one.

    Every file of every command is written by this function. Missing folders are made; a symbolic link stays one and
    what it points to is replaced. The partial file lies in the same folder under a name that no other process has,
    and is removed whatever goes wrong; one that a killed process left behind is removed a day later.

    Args:
        path: The target.
        content: Bytes, or a function that writes to an open binary file.
        inputs: Files that the caller reads and that must not be replaced.

    Raises:
        OverwriteError: If the target is one of the inputs.
        OSError: If the disk is full, or the target is a folder, a device or out of reach; the old file, if any,
            stays and nothing half-written is left.
    """
    target = Path(os.path.realpath(path))
    refuse_overwriting(target, inputs)
    if target.exists() and not target.is_file():
        raise OSError(errno.EINVAL, f"{quoted(path, 200)} is not a regular file; choose another name to write to.")
    partial = target.with_name(f"{_short(target.name)}.{uuid.uuid4().hex}.part")
    with explain_full_disk(target), _explain_folder(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(target.parent)
        opened = partial.open("xb")
    try:
        with explain_full_disk(target), opened as file:
            if callable(content):
                content(file)
            else:
                file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def refuse_overwriting(path: str | os.PathLike[str], inputs: Iterable[str | os.PathLike[str]]) -> None:
    """Refuse a target that is one of the files a command reads, under whatever name.

    Commands call it before they begin, so that a long run does not end with the refusal.

    Raises:
        OverwriteError: If the target is one of the inputs.
    """
    if any(_is_same_file(path, source) for source in inputs):
        raise OverwriteError(
            f"{quoted(path, 200)} is read by this command and would be overwritten; choose another name."
        )


def file_digest(path: str | os.PathLike[str]) -> str:
    """Return the sha256 of a file's bytes, hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def _remove_abandoned(folder: Path) -> None:
    """Remove partial files that a killed process left, once for each folder and process."""
    oldest = time.time() - ABANDONED
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                if _PARTIAL.fullmatch(entry.name) and entry.stat(follow_symlinks=False).st_mtime < oldest:
                    os.unlink(entry.path)


def _is_same_file(path: str | os.PathLike[str], other: str | os.PathLike[str]) -> bool:
    try:
        return os.path.samefile(path, other)
    except (OSError, ValueError):  # what does not exist, or cannot be a path, is no file that is read
        return False


def _short(name: str) -> str:
    """Return the beginning of a name, so that the name of the partial file is not too long for the file system."""
    return os.fsdecode(os.fsencode(name)[:150])
