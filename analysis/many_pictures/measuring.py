"""Measure many pictures one after the other: what was measured is kept, what fails is skipped and named."""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.many_pictures.files import LeftOut
from analysis.many_pictures.progress import Progress
from analysis.many_pictures.tables import DamagedTableError, PictureTables
from stvit.error_text import sentence
from stvit.foreign_text import plain
from stvit.images import ImageError, PictureBytes, read_picture

Key = Callable[[PictureBytes, str], str]
"""Returns the digest of all that the table of a picture under a name depends on, besides the settings."""

Measure = Callable[[PictureBytes, str], pd.DataFrame]
"""Makes the table of a picture under a name."""


@dataclass(frozen=True)
class Measured:
    """A picture whose table is kept.

    Attributes:
        name: Its path as text.
        digest: Sha256 of the bytes that were measured, or what else names its table.
        rows: Of its table.
    """

    name: str
    digest: str
    rows: int


@dataclass(frozen=True)
class Outcome:
    """The results of a run.

    Attributes:
        measured: Those that have a table.
        before: How many of them had it already.
        skipped: Those that could not be measured.
    """

    measured: list[Measured] = field(default_factory=list)
    before: list[Measured] = field(default_factory=list)
    skipped: list[LeftOut] = field(default_factory=list)


def digest_of(picture: PictureBytes, name: str) -> str:
    """Return the digest of the picture, where its table depends on nothing else."""
    return picture.sha256


def measure_pictures(
    pictures: Sequence[Path], tables: PictureTables, measure: Measure, progress: Progress, key: Key = digest_of
) -> Outcome:
    """Measure the pictures that have no table yet.

    Each file is read once: the bytes that name its table are the bytes that are measured. A picture can fail in any
    way; only it is skipped.

    Raises:
        OSError: If a table cannot be kept; what was measured before stays.
    """
    outcome = Outcome()
    for path in pictures:
        name = readable(path)
        progress.start(path.name)
        try:
            picture = read_picture(path)
            digest = key(picture, name)
            stored = _stored(digest, name, tables, progress)
            table = measure(picture, name) if stored is None else stored
        except Exception as error:  # decoders and models fail in more ways than anyone can list
            outcome.skipped.append(LeftOut(path, reason(error)))
        else:
            if stored is None:
                tables.write(digest, table)
            found = Measured(name, digest, len(table))
            outcome.measured.append(found)
            if stored is not None:
                outcome.before.append(found)
        progress.picture()
    return outcome


def checked(ledger: pd.DataFrame) -> pd.DataFrame:
    """Return the ledger of a picture if it holds numbers and all of them are finite.

    Raises:
        ValueError: If it does not.
    """
    values = ledger["value"].to_numpy(np.float64)
    if not len(values) or not np.isfinite(values).all():
        raise ValueError("Its table would hold NaN or infinity, or no number at all.")
    return ledger


def readable(path: object) -> str:
    r"""Return a path as text that every file takes: controls and bytes that are no UTF-8 become escapes such as \r.

    A lone carriage return would end a line of a CSV file, and half a surrogate pair has no encoding.

    Example:
        >>> readable(Path("cat\r.png"))
        'cat\\r.png'
    """
    return "".join(
        letter.encode("unicode_escape").decode("ascii") if unicodedata.category(letter) in ("Cc", "Cs") else letter
        for letter in str(path)
    )


def reason(error: BaseException) -> str:
    """Return why a picture was skipped, without its name, which stands before it."""
    cause = error.__cause__ if isinstance(error, ImageError) else error
    if isinstance(cause, OSError) and cause.strerror:
        return f"it cannot be read ({cause.strerror})"
    return sentence(error).rstrip(".")


def _stored(digest: str, name: str, tables: PictureTables, progress: Progress) -> pd.DataFrame | None:
    try:
        return tables.read(digest, name)
    except DamagedTableError as error:
        progress.say(f"The stored table of {plain(name, 200)} is damaged ({error}), so the picture is measured again.")
        return None
