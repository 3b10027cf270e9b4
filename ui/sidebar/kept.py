"""Uploaded pictures, which outlive a reload of their browser tab."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from ui.browser.kept import KeptByTab

LIMIT_BYTES = 2**28
"""Of all tabs together."""


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


KEPT: KeptByTab[KeptUpload] = KeptByTab(lambda file: len(file.data), LIMIT_BYTES)
