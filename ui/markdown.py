"""Words from outside, made safe to stand inside our own sentences."""

import re

LONGEST = 60
"""Characters of a foreign text that are shown."""


def plain(text: str) -> str:
    r"""Return a text that Markdown shows as it is written, on one line and cut where it is too long.

    Example:
        >>> plain("my *best* cat.jpg")
        'my \\*best\\* cat.jpg'
    """
    line = " ".join(text.split())
    line = line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
    return re.sub(r"([\\`*_\[\]<>$~|:#!&])", r"\\\1", line)
