"""Messages for people: the text of an error alone, short, and without the notation of Python."""

from collections.abc import Iterable

from stvit.foreign_text import LIMIT, plain

SENTENCE = 2000
"""Greatest length of a whole message."""

SHOWN = 6
"""Items of a list that a message spells out before it counts the rest."""


def sentence(error: BaseException) -> str:
    """Return the message of an error on one line, safe to print.

    A KeyError comes without its quotes, an OSError without its number. An error without a message is named
    by its type.

    Example:
        >>> sentence(KeyError("There is no such size.")), sentence(ValueError())
        ('There is no such size.', 'ValueError: no reason was given.')
    """
    return plain(" ".join(_message(error).split()), SENTENCE)


def about(name: str, error: BaseException) -> str:
    """Return the message of an error about a named thing, with the name in front unless the message has it.

    Example:
        >>> about("cat.png", ValueError("This file is empty."))
        'cat.png: This file is empty.'
    """
    message = sentence(error)
    return message if plain(name) in message else f"{plain(name)}: {message}"


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: "1 picture", "1,200 pictures".

    Args:
        number: How many.
        one: The singular.
        many: The plural, where it is not the singular with an s.

    Example:
        >>> counted(1, "pixel"), counted(1200, "class", "classes")
        ('1 pixel', '1,200 classes')
    """
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def listed(items: Iterable[object], shown: int = SHOWN, limit: int = LIMIT) -> str:
    """Return a list for a sentence: the first items, each shortened, then how many more there are.

    Example:
        >>> listed("abcdefgh")
        'a, b, c, d, e, f and 2 more'
    """
    words = list(items)
    rest = len(words) - shown
    return ", ".join(plain(word, limit) for word in words[:shown]) + (f" and {rest:,} more" if rest > 0 else "")


def _message(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "There is not enough memory for this."
    if isinstance(error, OSError) and error.strerror:
        return f"{_name(error.filename)} cannot be used: {error.strerror}." if error.filename else error.strerror
    message = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    return message if " " in message.strip() else f"{type(error).__name__}: {message or 'no reason was given'}."


def _name(file: object) -> str:
    return plain(file.decode("utf-8", "surrogateescape") if isinstance(file, bytes) else file, 2 * LIMIT)
