"""Text for the page: foreign text made safe inside our Markdown and HTML, and numbers kept on one line."""

import re

from stvit.foreign_text import plain

LONGEST = 60
"""Characters of a foreign text that are shown."""

_MARKS = re.compile(r"([\\`*_\[\]<>$~|:#!&])")
_LINK_STARTS = re.compile(r"(https?\\:(?=//)|www(?=\.)|@)", re.IGNORECASE)
_WORD_JOINER = "\u2060"
_INSIDE_NUMBER = re.compile(r"(?<=\d) (?=(?:%|px|nats|million|MAC|MiB)(?!\w)|×)|(?<=×) (?=\d)")


def escaped(text: object, limit: int = LONGEST) -> str:
    r"""Return a text that Markdown shows literally, on one line and shortened if it is too long.

    Markdown, HTML, maths and Streamlit's directives are switched off by backslashes. Bare addresses become links
    once the backslashes are removed, so an invisible word joiner breaks them.

    Example:
        >>> escaped("my *best* cat.jpg")
        'my \\*best\\* cat.jpg'
    """
    line = plain(" ".join(str(text).split()), limit)
    return _LINK_STARTS.sub(rf"\1{_WORD_JOINER}", _MARKS.sub(r"\\\1", line))


def in_html(text: object, limit: int = LONGEST) -> str:
    """Return a text that HTML shows literally, on one line and shortened if it is too long.

    Example:
        >>> in_html("<b> 5 of 7")
        '&#60;b&#62; 5 of 7'
    """
    return referenced(plain(" ".join(str(text).split()), limit))


def referenced(text: str) -> str:
    """Return a text in which every mark is a character reference: nobody has to know which of them mean something.

    Example:
        >>> referenced("a $x$")
        'a &#36;x&#36;'
    """
    return "".join(one if one.isalnum() or one in " .,()%" else f"&#{ord(one)};" for one in text)


def unbroken(text: str) -> str:
    r"""Return a text whose numbers keep their units, and sizes their factors, on the same line.

    Example:
        >>> unbroken("95 % of 655 pictures within 65 px").split(" ")
        ['95\xa0%', 'of', '655', 'pictures', 'within', '65\xa0px']
        >>> unbroken("in 7 × 7 super tokens").split(" ")
        ['in', '7\xa0×\xa07', 'super', 'tokens']
    """
    return _INSIDE_NUMBER.sub("\u00a0", text)
