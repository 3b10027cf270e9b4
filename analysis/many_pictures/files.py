"""Which picture files a command works on: files and folders named, and the part of them that is one job's."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from stvit.images import SUFFIXES


class Part(NamedTuple):
    """One of several jobs that share the pictures out.

    Attributes:
        number: Which, counted from 1.
        of: How many there are.
    """

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> "Part":
        """Read "3/16".

        Raises:
            ValueError: If the text is not of that form, or there is no such part.
        """
        number, slash, of = text.partition("/")
        if not (slash and number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
            raise ValueError(f"A part is written like 3/16, from 1/16 to 16/16, got {text!r}.")
        return cls(int(number), int(of))

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


def list_pictures(named: Sequence[Path]) -> list[Path]:
    """Return the files that were named and those in the folders that were named, at any depth, each once.

    Files keep their order; those of a folder are sorted by name. A file that was named is taken whatever it is called;
    one that is named by two paths counts once, by the first.

    Raises:
        FileNotFoundError: If a folder holds no picture.
    """
    found: dict[Path, Path] = {}
    for path in named:
        inside = _pictures_in(path) if path.is_dir() else [path]
        if not inside:
            raise FileNotFoundError(
                f"The folder {path} holds no picture ({', '.join(SUFFIXES)}); name another folder or the files."
            )
        for picture in inside:
            found.setdefault(picture.resolve(), picture)
    return list(found.values())


def pictures_of(part: Part, pictures: Sequence[Path]) -> Sequence[Path]:
    """Return the pictures of one part: every n-th, so that parts are of equal size and no picture is in two."""
    return pictures[part.number - 1 :: part.of]


def _pictures_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
