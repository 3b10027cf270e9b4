"""One finding as files: made on request, the same for the app's pages and for the command lines."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.figures.formats import FIGURES
from analysis.figures.paper.files import Figure, figure_bytes
from stvit.foreign_text import plain
from stvit.images import PreparedImage

NUMBERS = ("csv", "npz")
SUFFIXES = FIGURES + NUMBERS

FRAMINGS = {"crop": "centre crop", "whole": "whole picture", "own": "prepared as the model's own file says"}
"""How a picture was laid before the model, in words."""


@dataclass(frozen=True, eq=False)
class Report:
    """What can be written about one finding; nothing is drawn before it is requested.

    Attributes:
        figure: Draws the figure, with its settings as caption.
        table: Makes the table.
        arrays: Collects the arrays by name.
    """

    figure: Callable[[], Figure]
    table: Callable[[], pd.DataFrame]
    arrays: Callable[[], Mapping[str, Any]]

    def content(self, suffix: str) -> bytes:
        """Return a file's bytes: "png", "svg" or "pdf" of the figure, "csv" of the table, "npz" of the arrays.

        Raises:
            ValueError: If there is no such kind.
        """
        if suffix not in SUFFIXES:
            raise ValueError(f"Cannot write {suffix!r}; a report can be {', '.join(SUFFIXES)}.")
        if suffix == "csv":
            return self.table().to_csv(index=False).encode()
        if suffix == "npz":
            buffer = io.BytesIO()
            np.savez_compressed(buffer, **self.arrays())
            return buffer.getvalue()
        return figure_bytes(self.figure(), suffix)


@dataclass(frozen=True, eq=False)
class Subject:
    """The subject of a report: one picture seen by one model.

    Attributes:
        model: What people call the model.
        picture: The picture as the model saw it.
        framing: A key of `FRAMINGS`.
    """

    model: str
    picture: PreparedImage
    framing: str

    def caption(self, *settings: str) -> str:
        """Return one line with model, picture, resolution and further settings."""
        height, width = self.picture.shown.shape[:2]
        framing = FRAMINGS[self.framing]
        parts = (plain(self.model), plain(self.picture.source.name), f"{width} × {height} px, {framing}", *settings)
        return " · ".join(part for part in parts if part)


def plain_column(column: pd.Series) -> np.ndarray:
    """Return a column as an array that NPZ files hold without pickles; what is missing is nan or empty.

    Example:
        >>> plain_column(pd.Series([1, None], dtype="Int64")), plain_column(pd.Series(["a", None]))
        (array([ 1., nan]), array(['a', ''], dtype='<U1'))
    """
    if not pd.api.types.is_numeric_dtype(column):
        return column.astype(object).where(column.notna(), "").to_numpy().astype(str)
    if pd.api.types.is_extension_array_dtype(column):
        return column.to_numpy(np.float64, na_value=np.nan)
    return column.to_numpy()


def suffix_of(path: Path) -> str:
    """Return the kind of file that a path's ending asks for.

    Raises:
        ValueError: If reports have no such kind.

    Example:
        >>> suffix_of(Path("figure.PDF"))
        'pdf'
    """
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in SUFFIXES:
        known = ", ".join(f".{name}" for name in SUFFIXES)
        raise ValueError(f"Cannot write {path.suffix or 'a file without ending'}; let --out end in {known}.")
    return suffix
