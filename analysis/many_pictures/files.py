"""Which picture files a command works on: files that are named, and those in folders that are named."""

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from analysis.many_pictures.own_files import files_of_runs
from stvit.foreign_text import plain
from stvit.images import SUFFIXES

NO_FILE = "it is no file but a pipe, a socket or a device"


class LeftOut(NamedTuple):
    """Something that was named or found and cannot be a picture to measure.

    Attributes:
        path: What.
        reason: Why, as a clause.
    """

    path: Path
    reason: str


@dataclass(frozen=True)
class Listing:
    """What was found.

    Attributes:
        pictures: Files to measure, each once.
        left_out: What a user may have expected to be among them.
    """

    pictures: list[Path] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


def list_pictures(named: Sequence[Path], results: Path | None = None) -> Listing:
    """Return the files that were named and those in the folders that were named, at any depth, each once.

    Files keep their order; those of a folder are sorted by name. A file that was named is taken whatever it is called;
    one that is named by two paths counts once, by the first. Links to folders are followed, except back into a folder
    that holds them. Figures that a run wrote into one of the folders are no pictures, unless they are named.

    Args:
        named: Files and folders.
        results: Folder that the results are written to; nothing at or below it is a picture.

    Raises:
        FileNotFoundError: If a folder holds no picture, and nothing that was left out says why.
    """
    found: dict[str, Path] = {}
    left_out: list[LeftOut] = []
    for path in named:
        if results is not None and lies_in(path, results):
            left_out.append(LeftOut(path, "it lies in the folder of the results"))
            continue
        before = len(left_out)
        inside = _pictures_at(path, results, left_out)
        if not inside and len(left_out) == before:
            raise FileNotFoundError(
                f"The folder {plain(path, 200)} holds no picture ({', '.join(SUFFIXES)}); name another folder or the "
                "files."
            )
        for picture in inside:
            found.setdefault(os.path.realpath(picture), picture)
    return Listing(list(found.values()), left_out)


def lies_in(path: Path, folder: Path) -> bool:
    """Return whether a path is a folder or anything below it, also through links and under another spelling."""
    try:
        wanted = os.stat(folder)
    except OSError:  # there is no such folder yet, so nothing lies in it
        return False
    starts = (Path(os.path.abspath(path)), Path(os.path.realpath(path)))
    return any(_is(place, wanted) for start in starts for place in (start, *start.parents))


def _pictures_at(path: Path, results: Path | None, left_out: list[LeftOut]) -> list[Path]:
    """Return the pictures of a folder, or the file itself, which need not exist."""
    kind = _kind(path, left_out) if os.path.lexists(path) else stat.S_IFREG
    if kind == stat.S_IFDIR:
        return sorted(_search(path, results, left_out))
    if kind and kind != stat.S_IFREG:
        left_out.append(LeftOut(path, NO_FILE))
    return [path] if kind == stat.S_IFREG else []


def _search(folder: Path, results: Path | None, left_out: list[LeftOut]) -> Iterator[Path]:
    """Yield the pictures of a folder at any depth, and note what cannot be read."""
    seen: set[tuple[int, int]] = set()

    def walk(place: Path, above: frozenset[tuple[int, int]]) -> Iterator[Path]:
        try:
            known = os.stat(place)
            names = _names(place, left_out)
        except OSError as error:
            left_out.append(LeftOut(place, _reason(error)))
            return
        own = (known.st_dev, known.st_ino)
        if own in seen:  # two links to one folder; its pictures are there already
            if own in above:
                left_out.append(LeftOut(place, "this link leads back to a folder that holds it"))
            return
        seen.add(own)
        for name in names:
            path = place / name
            if results is not None and (_is_same(path, results) or (path.is_symlink() and lies_in(path, results))):
                continue
            kind = _kind(path, left_out)
            if kind == stat.S_IFDIR:
                yield from walk(path, above | {own})
            elif kind == stat.S_IFREG and path.suffix.lower() in SUFFIXES:
                yield path
            elif kind and path.suffix.lower() in SUFFIXES:
                left_out.append(LeftOut(path, NO_FILE))

    yield from walk(folder, frozenset())


def _names(folder: Path, left_out: list[LeftOut]) -> list[str]:
    """Return what is in a folder, apart from the results of earlier runs, in order."""
    names, results = sorted(os.listdir(folder)), files_of_runs(folder)
    if any(Path(name).suffix in SUFFIXES for name in results):
        left_out.append(LeftOut(folder, "its figures are results of an earlier run, which are not measured"))
    return [name for name in names if name not in results]


def _kind(path: Path, left_out: list[LeftOut]) -> int:
    """Return the type of what a path leads to, 0 if it leads nowhere."""
    try:
        return stat.S_IFMT(os.stat(path).st_mode)
    except OSError as error:
        left_out.append(LeftOut(path, _reason(error)))
        return 0


def _reason(error: OSError) -> str:
    return f"it cannot be read ({error.strerror or type(error).__name__})"


def _is_same(path: Path, other: Path) -> bool:
    try:
        return os.path.samefile(path, other)
    except OSError:
        return False


def _is(path: Path, status: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.stat(path), status)
    except OSError:
        return False
