"""Uploaded pictures that outlive a reload of their browser tab, within limits of time and bytes."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock
from typing import Protocol

LIMIT_BYTES = 2**28
"""Of all tabs together; the tab whose pictures changed longest ago goes first."""

SECONDS = 15 * 60
"""That a tab's pictures are kept after its last session ended: the browser has left, or was reloaded."""


class Upload(Protocol):
    """An uploaded file, as Streamlit hands it over."""

    @property
    def file_id(self) -> str:
        """Its key."""

    @property
    def name(self) -> str:
        """Name of the file."""

    def getvalue(self) -> bytes:
        """Return its bytes."""


@dataclass(frozen=True)
class KeptUpload:
    """An uploaded file that was kept.

    Attributes:
        file_id: The same as before the reload.
        name: Name of the file.
        data: Its bytes.
    """

    file_id: str
    name: str
    data: bytes

    def getvalue(self) -> bytes:
        """Return its bytes."""
        return self.data


def digest_of(file: Upload) -> str:
    """Return what names a picture in links: the start of the hash of its bytes."""
    return sha256(file.getvalue()).hexdigest()[:16]


class KeptUploads:
    """The uploads of each tab.

    Args:
        limit: Greatest number of bytes.
        seconds: Time after which a tab that no session shows is forgotten.
        clock: Returns the time in seconds.
    """

    def __init__(
        self, limit: int = LIMIT_BYTES, seconds: float = SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit, self._seconds, self._clock = limit, seconds, clock
        self._lock = Lock()
        self._files: dict[str, list[KeptUpload]] = {}  # the tab that changed longest ago first
        self._seen: dict[str, float] = {}
        self._sessions: Counter[str] = Counter()

    def keep(self, tab: str, files: Sequence[Upload]) -> None:
        """Keep the files of a tab, instead of those that were kept for it before."""
        kept = [KeptUpload(file.file_id, file.name, file.getvalue()) for file in files]
        with self._lock:
            self._files.pop(tab, None)
            self._files[tab], self._seen[tab] = kept, self._clock()
            self._forget()

    def of(self, tab: str) -> list[KeptUpload]:
        """Return the files of a tab."""
        with self._lock:
            self._forget()
            return list(self._files.get(tab, []))

    def hold(self, tab: str) -> None:
        """Keep the files of a tab for as long as a session shows it."""
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
        self._files = {tab: files for tab, files in self._files.items() if tab in self._seen}
        while len(self._files) > 1 and self._nbytes > self._limit:
            del self._files[next(iter(self._files))]

    @property
    def _nbytes(self) -> int:
        return sum(len(file.data) for files in self._files.values() for file in files)


KEPT = KeptUploads()
