"""What a dataset is: folders, tars or webdataset shards (globs and brace ranges), files, and lists of files."""

import os
import re
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from glob import glob
from pathlib import Path

from analysis.many_pictures.files import LeftOut, list_pictures
from analysis.many_pictures.measuring import readable
from analysis.sweeps.items import Item
from analysis.sweeps.remote import Place, RemotePath, is_address, place_of
from stvit.foreign_text import plain
from stvit.images import SUFFIXES

LISTS = (".txt", ".lst")
"""Endings of files that name one picture a line, relative to their own folder."""

_RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}")
_CHOICE = re.compile(r"\{([^{}]*,[^{}]*)\}")


def find_items(named: Sequence[str], results: Path | None) -> tuple[list[Item], list[LeftOut]]:
    """Return the pictures of a dataset in a fixed order, and what a user may have expected to be among them.

    Args:
        named: Folders, files, tars, lists, or addresses of such; with * and ? and ranges such as train-{000..146}.tar.
        results: Folder of the results, which is not searched; None if they go to an address.

    Raises:
        FileNotFoundError: If something that was named does not exist or holds no picture.
        ValueError: If a tar is compressed or damaged.
        OSError: If a store cannot be reached.
    """
    items: dict[tuple[str, int | None], Item] = {}
    left_out: list[LeftOut] = []
    for text in named:
        for path in _expanded(text):
            found, without = _items_at(path, results)
            for item in found:  # anything named twice counts once
                items.setdefault((item.path, item.offset), item)
            left_out += without
    return list(items.values()), left_out


def braces(text: str) -> Iterator[str]:
    """Yield what {000..146} and {train,val} in a text stand for, as a shell does; numbers keep their width.

    >>> list(braces("{a,b}-{08..10}.tar"))[:3]
    ['a-08.tar', 'a-09.tar', 'a-10.tar']
    """
    choice, span = _CHOICE.search(text), _RANGE.search(text)
    first = min((match for match in (choice, span) if match), key=lambda match: match.start(), default=None)
    if first is None:
        yield text
        return
    if first is choice:
        options: Sequence[str] = first[1].split(",")
    else:
        options = [f"{number:0{len(first[1])}d}" for number in range(int(first[1]), int(first[2]) + 1)]
    for option in options:
        yield from braces(text[: first.start()] + option + text[first.end() :])


def _expanded(text: str) -> list[Place]:
    whole = place_of(text)
    if whole.exists():
        return [whole]
    found = [place for one in braces(text) for place in _matching(place_of(one))]
    missing = [path for path in found if not path.exists()]
    if missing or not found:
        raise FileNotFoundError(f"There is no {plain(missing[0] if missing else text, 200)}; check the path.")
    return found


def _matching(place: Place) -> Sequence[Place]:
    if not any(letter in str(place) for letter in "*?["):
        return [place]
    return place.matches() if isinstance(place, RemotePath) else [Path(path) for path in sorted(glob(str(place)))]


def _items_at(path: Place, results: Path | None) -> tuple[list[Item], list[LeftOut]]:
    ending = path.suffix.lower() if path.is_file() else ""
    if ending == ".tar":
        return _in_tar(path), []
    if ending in (".gz", ".tgz", ".zst", ".xz", ".bz2", ".zip"):
        raise ValueError(
            f"{plain(path, 200)} is compressed, so its pictures cannot be reached singly; unpack it to .tar."
        )
    if ending in LISTS:
        return _in_list(path), []
    if isinstance(path, RemotePath):
        return [_of_file(picture, path) for picture in _in_store(path, ending)], []
    listing = list_pictures([path], results)
    return [_of_file(picture, path) for picture in listing.pictures], listing.left_out


def _in_store(path: RemotePath, ending: str) -> list[RemotePath]:
    """Return the one object, or the pictures below; results of sweeps hold none."""
    found = [path] if ending else [inside for inside in path.files() if inside.suffix.lower() in SUFFIXES]
    if not found:
        raise FileNotFoundError(f"{plain(path, 200)} holds no picture ({', '.join(SUFFIXES)}); name another address.")
    return found


def _of_file(picture: Place, named: Place) -> Item:
    """Return the item of a file; its folder gives its class, unless that is the folder that was named."""
    folder = picture.parent.name if picture != named and picture.parent != named else ""
    return Item(readable(picture), _absolute(picture), folder=readable(folder))


def _absolute(place: Place) -> str:
    return str(place) if isinstance(place, RemotePath) else os.path.abspath(place)


def _in_list(path: Place) -> list[Item]:
    lines = path.read_bytes().decode("utf-8", "surrogateescape").splitlines()
    named = [line.strip() for line in lines if line.strip()]
    pictures = [place_of(line) if is_address(line) else path.parent / line for line in named]
    if not pictures:
        raise FileNotFoundError(f"The list {plain(path, 200)} names no picture; write one path a line.")
    several = len({picture.parent for picture in pictures}) > 1
    return [_of_file(picture, path if several else picture) for picture in pictures]


def _in_tar(path: Place) -> list[Item]:
    """Return the pictures of a tar in their order; a .cls file of the same key gives the number of the class."""
    items, keys, classes = [], [], {}
    try:
        with path.open("rb") as file, tarfile.open(fileobj=file, mode="r:") as tar:
            for member in tar:
                key, _, ending = member.name.rpartition(".")
                if not member.isreg():
                    continue
                if f".{ending.lower()}" in SUFFIXES:
                    items.append(_of_member(path, member))
                    keys.append(key)
                elif ending == "cls":
                    text = tar.extractfile(member)
                    classes[key] = _number(text.read(32) if text else b"")
    except (tarfile.TarError, OSError, EOFError) as error:
        raise ValueError(f"The tar {plain(path, 200)} cannot be read ({error}); copy it again.") from error
    if not items:
        raise FileNotFoundError(
            f"The tar {plain(path, 200)} holds no picture ({', '.join(SUFFIXES)}); name another one."
        )
    return [replace(item, label=classes.get(key)) for item, key in zip(items, keys, strict=True)]


def _of_member(path: Place, member: tarfile.TarInfo) -> Item:
    folder = member.name.rpartition("/")[0].rpartition("/")[2]
    return Item(readable(path / member.name), _absolute(path), member.offset_data, member.size, folder)


def _number(text: bytes) -> int | None:
    digits = text.strip()
    return int(digits) if digits.isdigit() else None
