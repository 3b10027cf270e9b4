"""Export of what Explore shows: figures, numbers, and the command that makes them again."""

import io
import shlex
from collections.abc import Sequence
from functools import partial

import numpy as np
import streamlit as st

from analysis.anchor_cli import figure_of
from analysis.anchor_maps import AnchorMap
from analysis.anchor_tables import arrays_of, table_of
from stvit import BlockRecord
from ui.captures import is_sample
from ui.view import View

FIGURES = {"png": "image/png", "svg": "image/svg+xml", "pdf": "application/pdf"}


def offer_export(view: View, record: BlockRecord, maps: Sequence[AnchorMap], token: int, head: int | None) -> None:
    """Draw the button that opens the export; files are made when they are asked for."""
    stem = f"{view.picture.source.name}-stage{record.id.stage + 1}-block{record.id.block + 1}-token{token}"
    with st.popover("Export", icon=":material/download:"):
        st.caption("The figure, with its settings as caption")
        with st.container(horizontal=True):
            for suffix, kind in FIGURES.items():
                st.download_button(
                    suffix.upper(), partial(_figure, view, record, maps, token, head, suffix),
                    f"{stem}.{suffix}", kind, on_click="ignore", key=f"export_{suffix}",
                )  # fmt: skip
        st.caption("The numbers, one value per token")
        with st.container(horizontal=True):
            st.download_button(
                "CSV", lambda: table_of(maps).to_csv(index=False), f"{stem}.csv", "text/csv", on_click="ignore",
                key="export_csv",
            )  # fmt: skip
            st.download_button(
                "NPZ",
                lambda: _arrays(maps),
                f"{stem}.npz",
                "application/octet-stream",
                on_click="ignore",
                key="export_npz",
            )
        st.caption("The command that makes the figure again")
        st.code(command(view, record, token, head, f"{stem}.pdf"), language="bash", wrap_lines=True)


def command(view: View, record: BlockRecord, token: int, head: int | None, out: str) -> str:
    """Return the command line that makes the same figure; an uploaded file is named as it was uploaded."""
    row, column = record.grid.position(token)
    picture = view.picture.source
    where = ["--sample", picture.name] if is_sample(picture) else [picture.name]
    words = ["python", "-m", "analysis.anchor", *where, *view.handle.options]
    words += ["--size", str(view.size), "--framing", view.framing]
    words += ["--stage", str(record.id.stage + 1), "--block", str(record.id.block + 1)]
    words += ["--head", "mean" if head is None else str(head + 1), "--row", str(row), "--column", str(column)]
    return shlex.join([*words, "--out", out])


def _figure(
    view: View, record: BlockRecord, maps: Sequence[AnchorMap], token: int, head: int | None, suffix: str
) -> bytes:
    buffer = io.BytesIO()
    figure_of(view.picture, record, maps, token, head, view.handle.title).savefig(buffer, format=suffix, dpi=300)
    return buffer.getvalue()


def _arrays(maps: Sequence[AnchorMap]) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays_of(maps))
    return buffer.getvalue()
