"""The ledger of a view: exact where that takes seconds, else of a sample of tokens until somebody asks for all."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from threading import Event, Thread

import pandas as pd
import streamlit as st
import torch

from analysis import ledger
from analysis.redundancy.expense import exact_seconds
from ui.ahead import Check
from ui.panels.work import PATIENCE, Progress, worked
from ui.view.store import STORE, this_session
from ui.view.view import View

ANCHORS = 256
"""Tokens of each block in a sample, one from every region."""


class _LeftError(Exception):
    """Ends what is measured for a page that nobody waits for."""


@dataclass(frozen=True)
class Ledger:
    """What can be measured of a view without a long wait, metric by metric as they are asked for.

    Attributes:
        view: Picture and model.
        attentions: Kinds of attention.
        owner: The session that asks.
        anchors: Number of tokens of each block that are measured; None if all are.
        whole: Every metric of all tokens, where that took long and is there.
    """

    view: View
    attentions: tuple[str, ...]
    owner: int
    anchors: int | None
    whole: pd.DataFrame | None = None

    def of(self, metrics: Sequence[str]) -> pd.DataFrame:
        """Return a ledger that holds at least these metrics."""
        with st.spinner("Measuring the attention ...", show_time=True):
            return self._measured(metrics)

    def everything(self) -> pd.DataFrame:
        """Return the ledger of every metric."""
        return self._measured(None)

    def measure_ahead(self, metrics: Sequence[str], check: Check) -> None:
        """Measure metrics before somebody looks, as long as the check lets it."""
        self._measured(metrics, lambda done, total: check())

    @contextmanager
    def ahead(self, metrics: Sequence[str]) -> Iterator[None]:
        """Measure metrics beside what is done inside the context, at whose end it stops."""
        left = Event()

        def stop_if_left(done: int, total: int) -> None:
            if left.is_set():
                raise _LeftError

        def measure() -> None:
            with suppress(Exception):  # who asks for the metrics measures them again, and hears what is wrong
                self._measured(metrics, stop_if_left)

        if metrics:
            Thread(target=measure, name="ahead", daemon=True).start()
        try:
            yield
        finally:
            left.set()

    def _measured(
        self, metrics: Sequence[str] | None, progress: Callable[[int, int], None] | None = None
    ) -> pd.DataFrame:
        """Return the ledger of some metrics or of all; a second thread that asks for the same waits for the first."""
        if self.whole is not None:
            return self.whole
        wanted = None if metrics is None else tuple(sorted(metrics))

        def make() -> pd.DataFrame:
            names = [self.view.picture.source.name]
            return ledger(
                self.view.measured, self.attentions, wanted, image_names=names, progress=progress, anchors=self.anchors
            )

        return STORE.get(("metrics", self.view.key, self.attentions, wanted, self.anchors), make, _nbytes, self.owner)


def unasked_ledger(view: View, attentions: tuple[str, ...]) -> Ledger:
    """Return the ledger of a view that is shown unless somebody asks for more: above some size, of a sample."""
    takes_long = whole_seconds(view, attentions) > PATIENCE
    return Ledger(view, attentions, this_session(), ANCHORS if takes_long else None)


def ledger_of(view: View, attentions: tuple[str, ...]) -> Ledger:
    """Return the ledger of a view; above the size at which it takes long, offer to measure all tokens."""
    unasked = unasked_ledger(view, attentions)
    if unasked.anchors is None:
        return unasked
    key, seconds = ("ledger", view.key, attentions), whole_seconds(view, attentions)
    found = worked(
        "exact", key, "Measure all tokens", seconds, lambda progress: _watched(view, attentions, progress), _nbytes
    )
    return unasked if found is None else replace(unasked, anchors=None, whole=found)


def whole_seconds(view: View, attentions: Sequence[str]) -> float:
    """Return about how long the ledger of all tokens takes here."""
    blocks = [(record.grid, record.heads) for record in view.records.values()]
    return exact_seconds(blocks, attentions, torch.get_num_threads())


def _watched(view: View, attentions: tuple[str, ...], progress: Progress) -> pd.DataFrame:
    """Measure all tokens, and say how much is done."""

    def tell(done: int, total: int) -> None:
        progress(done, total, f"Measured {done / max(total, 1):.0%} of all tokens")

    return ledger(view.measured, attentions, image_names=[view.picture.source.name], progress=tell)


def _nbytes(table: pd.DataFrame) -> int:
    return int(table.memory_usage(deep=True).sum())
