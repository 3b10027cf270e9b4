"""What outlives a reload of its browser tab, within limits of time and bytes."""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Generic, TypeVar

Item = TypeVar("Item")

SECONDS = 15 * 60


class KeptByTab(Generic[Item]):
    """What was kept for each tab.

    Args:
        nbytes: Returns the bytes of one thing.
        limit: Greatest number of bytes of all tabs together; the tab that changed longest ago goes first.
        seconds: Time that a tab is remembered after its last session ended: the browser has left, or was reloaded.
        clock: Returns the time in seconds.
    """

    def __init__(
        self,
        nbytes: Callable[[Item], int],
        limit: int,
        seconds: float = SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._nbytes, self._limit, self._seconds, self._clock = nbytes, limit, seconds, clock
        self._lock = Lock()
        self._things: dict[str, tuple[Item, ...]] = {}  # the tab that changed longest ago first
        self._seen: dict[str, float] = {}
        self._sessions: Counter[str] = Counter()

    def keep(self, tab: str, things: Iterable[Item]) -> None:
        """Keep these for a tab, instead of what was kept for it before."""
        with self._lock:
            self._things.pop(tab, None)
            self._things[tab], self._seen[tab] = tuple(things), self._clock()
            self._forget()

    def of(self, tab: str) -> tuple[Item, ...]:
        """Return what is kept for a tab."""
        with self._lock:
            self._forget()
            return self._things.get(tab, ())

    def hold(self, tab: str) -> None:
        """Remember a tab for as long as a session shows it."""
        with self._lock:
            self._sessions[tab] += 1

    def let_go(self, tab: str) -> None:
        """Note that a session that showed a tab has ended."""
        with self._lock:
            self._sessions[tab] -= 1
            self._seen[tab] = self._clock()
            self._forget()

    def _forget(self) -> None:
        now = self._clock()
        self._sessions = +self._sessions  # without those at zero
        self._seen = {
            tab: seen for tab, seen in self._seen.items() if tab in self._sessions or now - seen <= self._seconds
        }
        self._things = {tab: things for tab, things in self._things.items() if tab in self._seen}
        while len(self._things) > 1 and self._total() > self._limit:
            del self._things[next(iter(self._things))]

    def _total(self) -> int:
        return sum(self._nbytes(thing) for things in self._things.values() for thing in things)
