"""Uploaded pictures that outlive a reload of their browser tab, within limits of time and bytes."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock
from typing import Protocol

LIMIT_BYTES = 2**28
"""Of all tabs together; the tab that was seen longest ago goes first."""

SECONDS = 15 * 60
"""That a tab's pictures are kept after it was last seen."""


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
        seconds: Time after which a tab that was not seen is forgotten.
        clock: Returns the time in seconds.
    """

    def __init__(
        self, limit: int = LIMIT_BYTES, seconds: float = SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit, self._seconds, self._clock = limit, seconds, clock
        self._lock = Lock()
        self._tabs: dict[str, tuple[float, list[KeptUpload]]] = {}  # the one seen longest ago first

    def keep(self, tab: str, files: Sequence[Upload]) -> None:
        """Keep the files of a tab, instead of those that were kept for it before."""
        kept = [KeptUpload(file.file_id, file.name, file.getvalue()) for file in files]
        with self._lock:
            self._tabs.pop(tab, None)
            self._tabs[tab] = (self._clock(), kept)
            self._forget()

    def of(self, tab: str) -> list[KeptUpload]:
        """Return the files of a tab."""
        with self._lock:
            self._forget()
            return list(self._tabs.get(tab, (0.0, []))[1])

    def _forget(self) -> None:
        now = self._clock()
        self._tabs = {tab: entry for tab, entry in self._tabs.items() if now - entry[0] <= self._seconds}
        while len(self._tabs) > 1 and self._nbytes > self._limit:
            del self._tabs[next(iter(self._tabs))]

    @property
    def _nbytes(self) -> int:
        return sum(len(file.data) for _, files in self._tabs.values() for file in files)


KEPT = KeptUploads()
