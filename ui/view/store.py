"""The large values that sessions share, within one limit in bytes for the whole server.

Streamlit's own caches count entries, not bytes, and keep them after the sessions that asked for them have ended.
"""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from threading import Lock, local
from typing import Any, TypeVar

import streamlit as st

Value = TypeVar("Value")

LIMIT_BYTES = 2**30
"""Of decoded pictures, captures and what the explorer sends, together. The newest one is kept whatever its size."""


class _Entry:
    """A value, once it is made, and who asked for it."""

    def __init__(self) -> None:
        self.making = Lock()
        self.value: Any = None
        self.nbytes = 0  # until it is made
        self.owners: set[int] = set()


class Store:
    """Keeps values by key until their bytes exceed a limit, then drops the least recently used ones first.

    Values must be frozen: several threads get the same one.

    Args:
        limit: Greatest number of bytes.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._lock = Lock()
        self._entries: dict[Hashable, _Entry] = {}  # the least recently used first

    def __len__(self) -> int:
        """Return how many values are kept."""
        return sum(entry.nbytes > 0 for entry in self._entries.values())

    @property
    def nbytes(self) -> int:
        """Bytes of all values."""
        with self._lock:
            return sum(entry.nbytes for entry in self._entries.values())

    def get(self, key: Hashable, make: Callable[[], Value], size: Callable[[Value], int], owner: int) -> Value:
        """Return a value, made now if it is not stored; a second thread that wants it waits for the first.

        Args:
            key: Identifies everything that the value depends on.
            make: Makes the value.
            size: Returns its bytes.
            owner: Who asks; the value is dropped once all its owners have been released.
        """
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            entry.owners.add(owner)
        with entry.making:
            if entry.value is None:
                self._put_back(key, entry)
                try:
                    entry.value = make()
                except BaseException:
                    self._forget(key, entry)
                    raise
            value: Value = entry.value
            entry.nbytes = max(1, size(value))  # each time: cached properties grow
        self._use(key, entry)
        return value

    def find(self, key: Hashable, owner: int) -> Any:
        """Return a value if it is stored, else None; who asks becomes one of its owners."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None or entry.value is None:
                return None
            entry.owners.add(owner)
        self._use(key, entry)
        return entry.value

    def release(self, owner: int) -> None:
        """Drop what only this owner asked for."""
        with self._lock:
            for entry in self._entries.values():
                entry.owners.discard(owner)
            self._entries = {key: entry for key, entry in self._entries.items() if entry.owners}

    def _use(self, key: Hashable, entry: _Entry) -> None:
        """Make an entry the newest, and drop the oldest ones beyond the limit."""
        with self._lock:
            if self._entries.get(key) is not entry:
                return  # dropped in the meantime
            self._entries[key] = self._entries.pop(key)
            excess = sum(each.nbytes for each in self._entries.values()) - self.limit
            made = [each for each, other in self._entries.items() if other.nbytes and other is not entry]
            for oldest in made:
                if excess <= 0:
                    break
                excess -= self._entries.pop(oldest).nbytes

    def _put_back(self, key: Hashable, entry: _Entry) -> None:
        """Store an entry again that a thread gave up while this one waited for it."""
        with self._lock:
            if entry.owners:
                self._entries.setdefault(key, entry)

    def _forget(self, key: Hashable, entry: _Entry) -> None:
        with self._lock:
            if self._entries.get(key) is entry:
                del self._entries[key]


STORE = Store(LIMIT_BYTES)


class _Session:
    """Represents a session among the owners."""


@st.cache_resource(scope="session", show_spinner=False, on_release=lambda session: STORE.release(id(session)))
def _session() -> _Session:
    return _Session()


def this_session() -> int:
    """Return the owner that represents this session; what it asked for is dropped when the browser leaves."""
    return id(_session()) if _ON_BEHALF.of is None else _ON_BEHALF.of


class _OnBehalf(local):
    """For which session a thread works that belongs to none."""

    of: int | None = None


_ON_BEHALF = _OnBehalf()


@contextmanager
def on_behalf_of(owner: int) -> Iterator[None]:
    """Let a session own what this thread asks for inside the context."""
    _ON_BEHALF.of = owner
    try:
        yield
    finally:
        _ON_BEHALF.of = None
