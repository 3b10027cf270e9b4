"""Work ahead of need, in one thread of the server: import what draws the app, then what other pages use.

What these pages show comes last (`ui/ahead.py`). Results do not depend on any of it: what was not imported or worked
out here, a page does when it is opened.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from threading import Lock
from time import monotonic, sleep

from streamlit import runtime
from streamlit.runtime import RuntimeState

FRAME = "ui.frame"

LATER = (
    "scipy.spatial",
    "scipy.ndimage",
    "scipy.optimize",
    "analysis.redundancy.compiled_rows",
    "ui.warm_up:count",
)
"""Modules, and functions as "module:name", from what takes least on: a part of a second each."""

STILL = 0.5
"""Seconds without a run of the script after which people are looking, not waiting."""

GLANCE = 0.02
"""Seconds between two looks whether the time has come."""


class Runs:
    """The runs of the script, of all sessions together."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._going_on = 0
        self._ended: float | None = None

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Note that the script runs."""
        with self._lock:
            self._going_on += 1
        try:
            yield
        finally:
            with self._lock:
                self._going_on -= 1
                self._ended = monotonic()

    def are_over(self, still: float = STILL) -> bool:
        """Return whether something has been drawn, and nothing was for so many seconds."""
        with self._lock:
            return not self._going_on and self._ended is not None and monotonic() - self._ended >= still


RUNS = Runs()


def warm_up() -> None:
    """Import the frame as soon as the server is up, and do the rest piece by piece while nobody waits for a page."""
    _wait_until(_server_is_up)  # its own start would come later
    _do(FRAME)
    for step in LATER:
        _wait_until(RUNS.are_over)
        _do(step)
    import_module("ui.ahead").AHEAD.work()


def count() -> None:
    """Count the operations of a product, for which PyTorch imports its compiler."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False), torch.no_grad():
        torch.ones(1, 1).mm(torch.ones(1, 1))


def _do(step: str) -> None:
    module, _, name = step.partition(":")
    gc.disable()  # hundreds of new modules hold nothing that could be collected
    try:
        with suppress(Exception):  # the page that needs it says what is wrong
            found = import_module(module)
            if name:
                getattr(found, name)()
    finally:
        gc.freeze()
        gc.enable()


def _server_is_up() -> bool:
    return runtime.exists() and runtime.get_instance().state is not RuntimeState.INITIAL


def _wait_until(condition: Callable[[], bool]) -> None:
    while not condition():
        sleep(GLANCE)
