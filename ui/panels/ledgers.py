"""The ledger of a view: exact where that takes seconds, else of a sample of tokens until somebody asks for all."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st
import torch

from analysis import ledger
from analysis.redundancy.expense import exact_seconds
from ui.panels.work import Progress, worked
from ui.view.view import BY_KEY, View

PATIENCE = 5.0
"""Seconds: what takes longer is asked for."""

ANCHORS = 256
"""Tokens of each block in a sample, one from every region."""


@dataclass(frozen=True)
class Ledger:
    """What can be measured of a view without a long wait.

    Attributes:
        view: Picture and model.
        attentions: Kinds of attention.
        whole: The ledger of all tokens, if it is there.
    """

    view: View
    attentions: tuple[str, ...]
    whole: pd.DataFrame | None

    @property
    def anchors(self) -> int | None:
        """Number of tokens of each block that are measured; None if all are."""
        return None if self.whole is not None else ANCHORS

    def of(self, metrics: Sequence[str]) -> pd.DataFrame:
        """Return a ledger that holds at least these metrics."""
        return self.whole if self.whole is not None else _sampled(self.view, self.attentions, tuple(sorted(metrics)))

    def everything(self) -> pd.DataFrame:
        """Return the ledger of every metric."""
        return self.whole if self.whole is not None else _sampled(self.view, self.attentions, None)


def ledger_of(view: View, attentions: tuple[str, ...]) -> Ledger:
    """Return the ledger of a view; above the size at which it takes long, offer to measure all tokens."""
    seconds = whole_seconds(view, attentions)
    if seconds <= PATIENCE:
        return Ledger(view, attentions, _whole(view, attentions))
    key = ("ledger", view.key, attentions)
    found = worked(
        "exact",
        key,
        "Measure all tokens",
        seconds,
        lambda progress: _watched(view, attentions, progress),
        lambda table: int(table.memory_usage(deep=True).sum()),
    )
    return Ledger(view, attentions, found)


def whole_seconds(view: View, attentions: Sequence[str]) -> float:
    """Return about how long the ledger of all tokens takes here."""
    blocks = [(record.grid, record.heads) for record in view.records.values()]
    return exact_seconds(blocks, attentions, torch.get_num_threads())


@st.cache_data(max_entries=8, show_spinner="Measuring every block and head ...", show_time=True, hash_funcs=BY_KEY)
def _whole(view: View, attentions: tuple[str, ...]) -> pd.DataFrame:
    return ledger(view.records, attentions, image_names=[view.picture.source.name])


@st.cache_data(max_entries=32, show_spinner="Measuring a sample of tokens ...", show_time=True, hash_funcs=BY_KEY)
def _sampled(view: View, attentions: tuple[str, ...], metrics: tuple[str, ...] | None) -> pd.DataFrame:
    return ledger(view.records, attentions, metrics, image_names=[view.picture.source.name], anchors=ANCHORS)


def _watched(view: View, attentions: tuple[str, ...], progress: Progress) -> pd.DataFrame:
    """Measure all tokens, and say how much is done."""

    def tell(done: int, total: int) -> None:
        progress(done, total, f"Measured {done / max(total, 1):.0%} of all tokens")

    return ledger(view.records, attentions, image_names=[view.picture.source.name], progress=tell)
