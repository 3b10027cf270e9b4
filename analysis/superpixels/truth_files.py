"""Match pictures to the files that hold their human segmentations: those of the same name in the folder of truths."""

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from analysis.grouping.label_files import LabelFileError
from analysis.grouping.truth import Truth
from analysis.many_pictures.files import LeftOut
from analysis.superpixels.truth_formats import READERS, read_truth
from stvit.error_text import listed
from stvit.foreign_text import plain
from stvit.images import PictureBytes, read_picture


@dataclass(frozen=True)
class Matched:
    """Pictures and their truths.

    Attributes:
        truths: File of each picture that has one.
        left_out: Pictures that have none, or several.
    """

    truths: dict[Path, Path] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)


def match_truths(pictures: Sequence[Path], folder: Path) -> Matched:
    """Find the truth of each picture: a file of the same name except for the suffix, at any depth.

    Among several, the one in a folder of the same name as the picture's is taken. A picture is not its own truth.

    Raises:
        NotADirectoryError: If there is no such folder.
    """
    if not folder.is_dir():
        raise NotADirectoryError(f"There is no folder {plain(folder, 200)}; name the folder of the truths.")
    known = defaultdict(list)
    for path in sorted(_files(folder)):
        known[path.stem].append(path)
    found, own = Matched(), {os.path.realpath(picture) for picture in pictures}
    for picture in pictures:
        candidates = [path for path in known[picture.stem] if os.path.realpath(path) not in own]
        beside = [path for path in candidates if path.parent.name == picture.parent.name]
        chosen = beside if len(candidates) > 1 else candidates
        if len(chosen) == 1:
            found.truths[picture] = chosen[0]
        else:
            found.left_out.append(LeftOut(picture, _why(candidates, folder)))
    return found


class TruthReader:
    """Reads the truth of a picture once: the bytes that name its table are those that are scored.

    Args:
        truths: File of each picture, by the name of the picture.
        ignore: Label whose pixels are ignored, in pictures of 8 bits.
        tolerance: r of the boundary scores in pixels; None takes the default of the size.
    """

    def __init__(self, truths: dict[str, Path], ignore: int | None, tolerance: int | None) -> None:
        self._truths, self._ignore, self._tolerance = truths, ignore, tolerance
        self._last: tuple[str, PictureBytes] | None = None

    def key(self, picture: PictureBytes, name: str) -> str:
        """Return the digest of a picture and its truth.

        Raises:
            ImageError: If the truth cannot be read as a file.
        """
        truth, kind = self._bytes(name), self._truths[name].suffix.lower()
        return hashlib.sha256(f"{picture.sha256} {truth.sha256} {kind}".encode()).hexdigest()

    def read(self, name: str, shape: tuple[int, int]) -> Truth:
        """Return the truth of a picture.

        Args:
            name: Of the picture.
            shape: Its height and width.

        Raises:
            LabelFileError: If the file does not hold a truth of this size.
        """
        found = read_truth(self._truths[name].suffix, self._bytes(name).data)
        for labels in found.maps:
            if labels.shape != shape:
                raise LabelFileError(
                    f"The truth is {labels.shape[0]} x {labels.shape[1]} and the picture {shape[0]} x {shape[1]} "
                    "pixels; they must have the same size."
                )
        return Truth.of(found.maps, self._ignore if found.may_ignore else None, self._tolerance)

    def _bytes(self, name: str) -> PictureBytes:
        if self._last is None or self._last[0] != name:
            self._last = name, read_picture(self._truths[name])
        return self._last[1]


def _files(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        yield from (Path(place) / name for name in names if Path(name).suffix.lower() in READERS)


def _why(candidates: Sequence[Path], folder: Path) -> str:
    if candidates:
        return f"there are several truths for it: {listed(candidates, limit=200)}"
    return f"there is no truth for it in {plain(folder, 200)}, no file of its name with {', '.join(READERS)}"
