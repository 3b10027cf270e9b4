"""One of several jobs that share the pictures out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True)
class Part:
    """One of several jobs that share the pictures out.

    Attributes:
        number: Which, counted from 1.
        of: How many there are.
    """

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> "Part":
        """Read "3/16".

        Raises:
            ValueError: If the text is not of that form, or there is no such part.
        """
        number, slash, of = text.partition("/")
        if not (slash and number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
            raise ValueError(f"A part is written like 3/16, from 1/16 to 16/16, got {text!r}.")
        return cls(int(number), int(of))

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def share(self, items: Sequence[Item]) -> Sequence[Item]:
        """Return the items of this part: every n-th, so that parts are of equal size and none is in two.

        Example:
            >>> Part(2, 3).share("abcdef")
            'be'
        """
        return items[self.number - 1 :: self.of]
