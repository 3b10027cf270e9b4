"""Export of what a page shows: figure, numbers, and the command that makes them again. One mechanism for all pages."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import streamlit as st

from analysis.reports.report import FIGURES, NUMBERS, Report, Subject
from stvit import BlockRecord
from ui.view.runs import is_sample
from ui.view.view import View

KINDS = {
    "png": "image/png",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "csv": "text/csv",
    "npz": "application/octet-stream",
}
"""Media type of each ending."""


@dataclass(frozen=True, eq=False)
class Export:
    """What a page offers.

    Attributes:
        name: Of the files, without ending.
        report: What is written.
        words: The command that writes it, without `--out`.
        numbers: What the table and the arrays hold, in a few words.
    """

    name: str
    report: Report
    words: Sequence[str]
    numbers: str = "one value per token"

    @property
    def command(self) -> str:
        """The command line that writes the figure again."""
        return shlex.join(["python", "-m", *self.words, "--out", f"{self.name}.pdf"])


def offer(export: Export) -> None:
    """Draw the button that opens the export; files are made when they are asked for."""
    with st.popover("Export", icon=":material/download:"):
        st.caption("The figure, with its settings as caption")
        _buttons(export, FIGURES)
        st.caption(f"The numbers, {export.numbers}")
        _buttons(export, NUMBERS)
        st.caption("The command that makes the figure again")
        st.code(export.command, language="bash", wrap_lines=True)


def subject_of(view: View) -> Subject:
    """Return picture and model for captions."""
    return Subject(view.handle.title, view.picture, view.framing)


def file_name(view: View, *parts: str) -> str:
    """Return a name for files from the picture's name and what is shown, such as cat-stage1-block2."""
    words = [view.picture.source.name.rsplit(".", 1)[0], *parts]
    plain = ["".join(letter if letter.isalnum() else "-" for letter in word).strip("-") for word in words]
    return "-".join([plain[0] or "picture", *plain[1:]])


def picture_words(view: View) -> list[str]:
    """Return how commands name picture, model and resolution; an uploaded file is named as it was uploaded."""
    picture = view.picture.source
    where = ["--sample", picture.name] if is_sample(picture) else [_as_file(picture.name)]
    return [*where, *view.handle.options, "--size", str(view.size), "--framing", view.framing]


def block_words(record: BlockRecord) -> list[str]:
    """Return how commands name a block."""
    return ["--stage", str(record.id.stage + 1), "--block", str(record.id.block + 1)]


def head_words(head: int | None) -> list[str]:
    """Return how commands name a head."""
    return ["--head", "mean" if head is None else str(head + 1)]


def anchor_words(record: BlockRecord, token: int) -> list[str]:
    """Return how commands name a token."""
    row, column = record.grid.position(token)
    return ["--row", str(row), "--column", str(column)]


def _as_file(name: str) -> str:
    """Return a file's name so that no command takes it for an option."""
    return f"./{name}" if name.startswith("-") else name


def _buttons(export: Export, suffixes: Sequence[str]) -> None:
    with st.container(horizontal=True):
        for suffix in suffixes:
            st.download_button(
                suffix.upper(), partial(export.report.content, suffix), f"{export.name}.{suffix}", KINDS[suffix],
                on_click="ignore", key=f"export_{suffix}",
            )  # fmt: skip
