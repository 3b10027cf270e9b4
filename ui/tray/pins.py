"""What the tray holds, within limits: pins and what can be done to them. Nothing here knows Streamlit."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

MOST_PINS = 24
MOST_BYTES = 16 * 2**20
"""Of all pins of a session together."""


class TrayFullError(Exception):
    """There is no room for another pin; the message says what to do."""


@dataclass(frozen=True)
class Pin:
    """A chart, a picture or an answer as it was when it was pinned.

    Attributes:
        title: What it shows.
        caption: Of what: model, picture, block, head.
        page: Title of its page.
        address: Link to that page with all that was chosen.
        figure: The chart as Plotly's JSON, if it is one.
        picture: The picture as a data address, if it is one.
        words: The answer, if it is one.
        number: Tells pins of a tray apart.
    """

    title: str
    caption: str
    page: str
    address: str
    figure: str = ""
    picture: str = ""
    words: str = ""
    number: int = 0

    @property
    def nbytes(self) -> int:
        """Bytes of all that it holds."""
        parts = (self.title, self.caption, self.page, self.address, self.figure, self.picture, self.words)
        return sum(len(part.encode()) for part in parts)


Pins = tuple[Pin, ...]


def added(pins: Pins, pin: Pin) -> Pins:
    """Return the pins with one more, numbered.

    Raises:
        TrayFullError: If there are too many or they are too large together.

    Example:
        >>> [pin.number for pin in added(added((), Pin("a", "", "", "")), Pin("b", "", "", ""))]
        [1, 2]
    """
    if len(pins) >= MOST_PINS:
        raise TrayFullError(
            f"The tray holds {MOST_PINS} snapshots, which is all it can; remove one on Snapshots first."
        )
    whole = total_bytes(pins) + pin.nbytes
    if whole > MOST_BYTES:
        raise TrayFullError(
            f"This snapshot has {pin.nbytes / 2**20:.1f} MiB, and the tray would hold {whole / 2**20:.1f} of at most "
            f"{MOST_BYTES / 2**20:.0f} MiB; remove another one on Snapshots first."
        )
    return (*pins, replace(pin, number=max((each.number for each in pins), default=0) + 1))


def moved(pins: Pins, number: int, by: int) -> Pins:
    """Return the pins with one of them moved by some places, not beyond the ends; the others keep their order."""
    place = _place(pins, number)
    rest = without(pins, number)
    to = min(max(place + by, 0), len(rest))
    return (*rest[:to], pins[place], *rest[to:])


def without(pins: Pins, number: int) -> Pins:
    """Return the pins but one."""
    return tuple(pin for pin in pins if pin.number != number)


def total_bytes(pins: Sequence[Pin]) -> int:
    """Return the bytes of all pins together."""
    return sum(pin.nbytes for pin in pins)


def _place(pins: Pins, number: int) -> int:
    return next(place for place, pin in enumerate(pins) if pin.number == number)
