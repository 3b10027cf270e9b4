"""Find labelled images in a folder, or in a tar of one, with a folder per class."""

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from stvit.images import SUFFIXES


@dataclass(frozen=True)
class Listing:
    """The labelled images of one split.

    Attributes:
        classes: Names of the class folders, sorted; the label is the position.
        files: Pairs of file name (relative to the source) and label, sorted.
    """

    classes: tuple[str, ...]
    files: tuple[tuple[str, int], ...]


def list_images(source: Path, split: str | None) -> Listing:
    """List the images of a split of an image folder or of a tar of one.

    Args:
        source: Folder or tar that holds a folder per class, or `split` folders with a folder per class.
        split: Folder between the source and the class folders, such as "train"; None where there is none.

    Raises:
        FileNotFoundError: If the source or the split does not exist.
        ValueError: If there are no class folders, or one of them holds no image.
    """
    if not source.exists():
        raise FileNotFoundError(f"Expected an image folder or a tar of one at {source}, but nothing is there.")
    folders, names = _list_tar(source) if source.is_file() else _list_folder(source)
    return _group(source, split, folders, names)


def read_files(source: Path, names: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """Yield (name, bytes) of each file, in the order that is fastest to read from the source.

    Args:
        source: Folder or tar.
        names: File names from `list_images`.
    """
    if not source.is_file():
        for name in names:
            yield name, (source / name).read_bytes()
        return
    wanted = set(names)
    with tarfile.open(source) as archive:
        for member in archive:
            name = _normalise(member.name)
            if name in wanted and (handle := archive.extractfile(member)) is not None:
                yield name, handle.read()


def _normalise(name: str) -> str:
    return str(PurePosixPath(name))


def _list_folder(source: Path) -> tuple[set[str], list[str]]:
    folders, names = set(), []
    for path in source.rglob("*"):
        relative = path.relative_to(source).as_posix()
        if path.is_dir():
            folders.add(relative)
        else:
            names.append(relative)
    return folders, names


def _list_tar(source: Path) -> tuple[set[str], list[str]]:
    try:
        with tarfile.open(source) as archive:
            members = archive.getmembers()
    except tarfile.TarError as error:
        raise ValueError(f"Expected an image folder or a tar of one, but {source} cannot be read as a tar.") from error
    names = [_normalise(member.name) for member in members if member.isfile()]
    folders = {_normalise(member.name) for member in members if member.isdir()}
    folders |= {str(PurePosixPath(name).parent) for name in names}
    return folders, names


def _find_root(source: Path, split: str | None, folders: set[str]) -> PurePosixPath:
    """Return the folder that holds the class folders; a tar may wrap everything in one folder."""
    if split is None:
        return PurePosixPath(".")
    found = sorted((f for f in folders if PurePosixPath(f).name == split), key=lambda f: f.count("/"))
    if not found or found[0].count("/") > 1:
        raise FileNotFoundError(f"{source} has no folder {split!r}; it needs one, with a folder per class inside.")
    return PurePosixPath(found[0])


def _group(source: Path, split: str | None, folders: set[str], names: list[str]) -> Listing:
    root = _find_root(source, split, folders)
    classes = tuple(sorted(PurePosixPath(f).name for f in folders if PurePosixPath(f).parent == root and f != "."))
    if not classes:
        raise ValueError(f"{source / root} holds no class folders; expected one folder per class.")
    labels = {name: label for label, name in enumerate(classes)}
    files = []
    for name in sorted(names):
        path = PurePosixPath(name)
        # A picture beside the class folders has no class; the parent of "." is "." itself.
        if path.suffix.lower() in SUFFIXES and path.parent != root and path.parent.parent == root:
            files.append((name, labels[path.parent.name]))
    empty = [name for name in classes if labels[name] not in {label for _, label in files}]
    if empty:
        raise ValueError(
            f"Class folder {empty[0]!r} of {source / root} holds no images ({', '.join(SUFFIXES)}); "
            "add some or remove the folder."
        )
    return Listing(classes, tuple(files))
