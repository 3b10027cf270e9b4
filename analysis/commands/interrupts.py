"""Ctrl-C, at any time: one sentence and exit status 130, without a traceback.

While modules load, and again when the work is done, nothing needs to be tidied up, and libraries swallow exceptions
or print them: the process ends at once. While a command works, an exception takes the usual way, so that partial
files are removed; a second Ctrl-C ends that too.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SENTENCE = "Interrupted; what was finished is kept, and the same command continues with what is left."


def end_at_once(number: int = signal.SIGINT, frame: FrameType | None = None) -> None:
    """Say the sentence and end the process, now."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.write(2, f"{SENTENCE}\n".encode())
    os._exit(128 + signal.SIGINT)


@contextmanager
def as_exceptions() -> Iterator[None]:
    """Let Ctrl-C raise KeyboardInterrupt inside, if this process ends at once outside."""
    if signal.getsignal(signal.SIGINT) is not end_at_once:  # called from a test or a notebook
        yield
        return
    signal.signal(signal.SIGINT, _raise_once)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, end_at_once)


def _raise_once(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGINT, end_at_once)
    raise KeyboardInterrupt
