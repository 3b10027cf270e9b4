"""The files that a command wrote into a folder, so that its next run leaves no old ones beside its new ones."""

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from stvit.atomic_files import file_digest, write_atomically

_LIST = ".files-of-"
"""Start of the name of a list; the command and .json follow."""


class OwnFiles:
    """The files that one command writes into a folder, and those of its last run.

    A list of the files, with their digests, lies in the folder. `finish` removes those of the last run that were not
    written again. Files that others put there, or changed since, are left alone.

    Args:
        folder: Where the files go; it is created with the first.
        command: Whose files.
        inputs: Files that are read and must not be overwritten.
    """

    def __init__(self, folder: Path, command: str, inputs: Sequence[Path] = ()) -> None:
        self.folder, self.inputs = folder, tuple(inputs)
        self.written: list[str] = []
        self._list = folder / f"{_LIST}{command}.json"
        self._known = _read(self._list)

    def write(self, name: str, content: bytes | Callable[[BinaryIO], object]) -> None:
        """Write a file, complete or not at all.

        Args:
            name: Of the file in the folder.
            content: Bytes, or a function that writes to an open binary file.

        Raises:
            OverwriteError: If it is one of the inputs.
            OSError: If the disk is full.
        """
        write_atomically(self.folder / name, content, self.inputs)
        self.written.append(name)
        self._known[name] = file_digest(self.folder / name)
        self._keep()  # now: a run that is killed leaves files that the next one recognises as its own

    def finish(self) -> None:
        """Remove what the last run wrote and this one did not."""
        for name in sorted(set(self._known) - set(self.written)):
            digest = self._known.pop(name)
            path = self.folder / name
            if _has_digest(path, digest):
                with suppress(OSError):
                    path.unlink()
        self._keep()

    def _keep(self) -> None:
        write_atomically(self._list, json.dumps(self._known, indent=1).encode())


def files_of_runs(folder: Path) -> set[str]:
    """Return the names of the files in a folder that some run wrote and nobody changed since."""
    known = [entry for path in folder.glob(f"{_LIST}*.json") for entry in _read(path).items()]
    return {name for name, digest in known if _has_digest(folder / name, digest)}


def _read(path: Path) -> dict[str, str]:
    """Return names and digests of a list; a damaged list or entry counts for nothing."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    entries = found.items() if isinstance(found, dict) else ()
    return {name: digest for name, digest in entries if Path(name).name == name and isinstance(digest, str)}


def _has_digest(path: Path, digest: str) -> bool:
    try:
        return file_digest(path) == digest
    except OSError:
        return False
