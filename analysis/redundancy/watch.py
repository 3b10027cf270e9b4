"""How far work has come, told to whoever waits for it, who can stop it."""

import time
from collections.abc import Callable
from threading import Lock, get_ident
from typing import TypeAlias

Progress: TypeAlias = Callable[[int, int], None]
"""Called with (work done, work in all), in a unit of its own; what it raises stops the work."""

PERIOD = 0.2
"""Seconds between two calls of `Progress`; pages that are left or cancelled stop within a second."""


class StoppedError(Exception):
    """Ends a task in another thread after the work as a whole was stopped; nobody outside sees it."""


class Watch:
    """Counts work that threads have done, and tells the thread that made it.

    Args:
        total: Work in all.
        progress: Told how far the work has come, in the thread that made the watch; None to tell nobody.

    Example:
        >>> watch = Watch(2, lambda done, total: print(done, "of", total))
        >>> watch.advance(2)
        >>> watch.tell()
        2 of 2
    """

    def __init__(self, total: int, progress: Progress | None = None) -> None:
        self.total, self.progress = total, progress
        self._done, self._stopped, self._lock = 0, False, Lock()
        self._owner, self._told = get_ident(), time.monotonic()

    def advance(self, work: int = 0) -> None:
        """Count work that has just been done, in any thread; call it several times a second.

        Raises:
            StoppedError: If the work as a whole was stopped meanwhile.
        """
        with self._lock:
            self._done += work
        if self._stopped:
            raise StoppedError
        if self.progress is not None and get_ident() == self._owner and time.monotonic() - self._told >= PERIOD:
            self.tell()

    def tell(self) -> None:
        """Tell how far the work has come."""
        self._told = time.monotonic()
        if self.progress is not None:
            self.progress(min(self._done, self.total), self.total)

    def stop(self) -> None:
        """End every task that counts its work here, at its next call of `advance`."""
        self._stopped = True
