"""Ctrl-C, at any time: one sentence and exit status 130, without a traceback.

While modules load, and again when the work is done, there is nothing to tidy up, and libraries swallow exceptions or
print them: the process ends at once. While a command works, an exception takes the usual way, so that partial files
are removed; a second Ctrl-C ends that too.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SENTENCE = "Interrupted; what was finished is kept, and the same command continues with what is left."

STATUS = 130
"""Exit status, as shells count: 128 + SIGINT."""


def end_at_once(number: int = signal.SIGINT, frame: FrameType | None = None) -> None:
    """Say the sentence and end the process, now."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.write(2, f"{SENTENCE}\n".encode())
    os._exit(STATUS)


def install() -> None:
    """Let Ctrl-C end this process at once, unless whoever started it wants it ignored."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, end_at_once)


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
        if signal.getsignal(signal.SIGINT) is _raise_once:
            signal.signal(signal.SIGINT, end_at_once)


def _raise_once(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGINT, _end_in_silence)
    raise KeyboardInterrupt


def _end_in_silence(number: int, frame: FrameType | None) -> None:
    """End the process, now; the sentence for the first Ctrl-C is said or comes in a moment."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os._exit(STATUS)
