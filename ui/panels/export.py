"""Export of what a page shows: figure, numbers, and the command that reproduces them. One mechanism for all pages."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from analysis.commands.views.view import View as ExportedView
from analysis.figures.formats import FIGURES
from analysis.one_token.region import Region
from analysis.reports.report import NUMBERS, Report, Subject
from stvit.capturing.attention_record import AttentionRecord
from stvit.foreign_text import plain
from stvit.images import RGBImage
from ui.markdown import escaped
from ui.tray.pinning import pin_button, pin_picture
from ui.view.precision import FULL
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

PATH_FLAGS = ("--weights", "--backbone")
"""Options of commands whose value is a path."""

LONGEST_NAME = 80
"""Characters of a picture's name that the names of files take over."""


@dataclass(frozen=True, eq=False)
class Export:
    """What a page offers.

    Attributes:
        name: Name of the files, without extension.
        make: Makes what is written. Streamlit keeps it between runs, so it may hold a view but no record or array.
        settings: What is shown, as the command line says it.
        numbers: What the table and the arrays hold, in a few words.
    """

    name: str
    make: Callable[[], Report]
    settings: ExportedView
    numbers: str = "one value per token"

    @property
    def report(self) -> Report:
        """What is written."""
        return self.make()

    @property
    def command(self) -> str:
        """The command line that reproduces the figure."""
        return self.settings.command(f"{self.name}.pdf")

    def offer(self, part: str = "") -> None:
        """Draw the button that opens the export; files are made when they are asked for.

        Args:
            part: Of the page, where it has several exports, as the button says it; the main one has no name.
        """
        with st.popover(f"Export {escaped(part)}".rstrip(), icon=":material/download:"):
            st.caption("The figure, with its settings as caption")
            self._buttons(FIGURES, part)
            if pin_button(f"export{part}", "Pin the whole figure"):
                pin_picture(self._content("png"), self.name)
            st.caption(f"The numbers, {self.numbers}")
            self._buttons(NUMBERS, part)
            st.caption("The command that makes the figure again")
            st.code(self.command, language="bash", wrap_lines=True)

    def _buttons(self, suffixes: Sequence[str], part: str) -> None:
        with st.container(horizontal=True):
            for suffix in suffixes:
                st.download_button(
                    suffix.upper(),
                    partial(self._content, suffix),
                    f"{self.name}.{suffix}",
                    KINDS[suffix],
                    on_click="ignore",
                    key=f"export_{part}{suffix}",
                )

    def _content(self, suffix: str) -> bytes:
        return self.report.content(suffix)


def subject_of(view: View) -> Subject:
    """Return picture and model for captions."""
    return Subject(view.handle.title, view.picture, view.framing)


def file_name(view: View, *parts: str) -> str:
    """Return a name for files from the picture's name and what is shown, such as cat-stage1-block2."""
    precision = () if view.handle.precision == FULL else (view.handle.precision,)
    words = [view.picture.source.name.rsplit(".", 1)[0], *parts, *precision]
    safe = ["".join(letter if letter.isalnum() else "-" for letter in word).strip("-") for word in words]
    return "-".join([safe[0][:LONGEST_NAME] or "picture", *safe[1:]])


def picture_options(view: View) -> dict[str, Any]:
    """Return how commands name picture, model and resolution; an uploaded file is named as it was uploaded."""
    framing = {} if view.handle.is_backbone else {"framing": view.framing}
    return {**picture_source(view.picture.source), **model_options(view), "size": view.size, **framing}


def picture_source(picture: RGBImage) -> dict[str, Any]:
    """Return how commands name a picture; an uploaded file is named as it was uploaded."""
    return {"sample": picture.name} if is_sample(picture) else {"image": as_path(picture.name)}


def as_path(name: str) -> Path:
    """Return how commands name an uploaded file: as it was uploaded."""
    return Path(plain(name, limit=1000))


def model_options(view: View) -> dict[str, Any]:
    """Return how commands name the model, and its precision where it is not the usual one."""
    flag, value = view.handle.options
    precision = {} if view.handle.precision == FULL else {"precision": view.handle.precision}
    return {flag.removeprefix("--"): Path(value) if flag in PATH_FLAGS else value, **precision}


def block_options(record: AttentionRecord) -> dict[str, Any]:
    """Return how commands name a block."""
    return {"stage": record.id.stage, "block": record.id.block}


def token_options(record: AttentionRecord, token: int) -> dict[str, Any]:
    """Return how commands name a token."""
    row, column = record.grid.position(token)
    return {"row": row, "column": column}


def region_options(region: Region) -> dict[str, Any]:
    """Return how commands name what the anchor is."""
    return {"region": region.kind, "region_height": region.height, "region_width": region.width}
