"""Text from outside (file names, class names, keys, messages) made safe to print, draw and log.

A file name may hold escape sequences that rewrite a terminal, line breaks that fake a log, marks that reverse the
reading direction, or halves of surrogate pairs that no encoder accepts. Each such character becomes visible: the name
stays recognisable and has no effect.
"""

import re
import unicodedata

LIMIT = 80
"""Greatest length of one foreign word inside a sentence."""

_ESCAPED = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode categories that act instead of being read: controls, formats, surrogates, line and paragraph breaks."""

_JOINERS = {"\u200c", "\u200d"}
"""Formats that Persian, Indic scripts and emoji are spelled with; they act on their neighbours only."""

_PRINTABLE_ASCII = re.compile(r"[ -~]*")


def plain(text: object, limit: int = LIMIT) -> str:
    r"""Return a text on one line without characters that have an effect, shortened in the middle.

    Args:
        text: The words; anything but a string is converted first.
        limit: Greatest length of the answer, at least 8.

    Returns:
        The text with controls, formats and lone surrogates written as `\x1b`, `\u202e` or `\udc80`. It holds no line
        break, encodes as UTF-8 and is legal in XML.

    Example:
        >>> plain("cat\x1b[31m.png")
        'cat\\x1b[31m.png'
        >>> plain("a" * 1000 + ".png", limit=12)
        'aaaaaaa….png'
    """
    words = _halves(str(text), limit)
    if not _PRINTABLE_ASCII.fullmatch(words):
        words = _halves("".join(map(_visible, words)), limit)
    return words


def quoted(text: object, limit: int = LIMIT) -> str:
    """Return a foreign word in quotation marks for a sentence; see `plain`.

    Example:
        >>> quoted("cat.png")
        "'cat.png'"
    """
    return f"'{plain(text, limit)}'"


def _halves(text: str, limit: int) -> str:
    """Keep the beginning and the end, where file names have their extension."""
    if len(text) <= limit:
        return text
    tail = (limit - 1) // 3 + 1
    return f"{text[: limit - 1 - tail]}…{text[-tail:]}"


def _visible(character: str) -> str:
    acts = unicodedata.category(character) in _ESCAPED and character not in _JOINERS
    if acts or ord(character) & 0xFFFE == 0xFFFE:  # the last two code points of each plane are not characters
        return character.encode("unicode_escape", "surrogatepass").decode("ascii")
    return character
