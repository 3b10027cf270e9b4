"""How far a long run is: a bar in a terminal, a line now and then in a log."""

import sys
import time
from types import TracebackType

from tqdm import tqdm

from stvit.error_text import counted
from stvit.foreign_text import plain

INTERVAL = 30.0
"""Seconds between two lines in a log."""


class Progress:
    """Counts pictures, and blocks inside a picture, on standard error; use it as a context.

    Args:
        pictures: How many there are.
        blocks: Blocks of each.
    """

    def __init__(self, pictures: int, blocks: int) -> None:
        self._pictures, self._blocks, self._done = pictures, blocks, 0
        self._stream = sys.stderr
        self._bar = tqdm(total=pictures * blocks, unit="block", file=self._stream, disable=not self._stream.isatty())
        self._said = time.monotonic()

    def __enter__(self) -> "Progress":
        """Return this object."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Remove the bar."""
        self._bar.close()

    def start(self, name: str) -> None:
        """Say which picture comes next."""
        self._bar.set_description(plain(name, 30))

    def block(self) -> None:
        """Count a block."""
        self._bar.update()

    def within(self, done: int, total: int) -> None:
        """Show how far the picture is: so much of its work in all."""
        self._bar.update(self._done * self._blocks + self._blocks * done // max(1, total) - self._bar.n)

    def picture(self) -> None:
        """Count a picture, and say so in a log if some time has passed."""
        self._done += 1
        self._bar.update(self._done * self._blocks - self._bar.n)
        if self._bar.disable and time.monotonic() - self._said >= INTERVAL and self._done < self._pictures:
            self._said = time.monotonic()
            self.say(f"{self._done:,} of {counted(self._pictures, 'picture')} done.")

    def say(self, text: str) -> None:
        """Write a line without breaking the bar."""
        self._bar.clear()
        print(text, file=self._stream, flush=True)
