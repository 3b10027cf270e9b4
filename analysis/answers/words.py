"""Lists and ordinals as sentences write them."""

from collections.abc import Sequence


def in_words(parts: Sequence[str]) -> str:
    """Return parts as a list in words.

    Example:
        >>> in_words(["one"]), in_words(["one", "two"]), in_words(["one", "two", "three"])
        ('one', 'one and two', 'one, two and three')
    """
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def ordinal(number: float) -> str:
    """Return a number rounded, as an ordinal.

    Example:
        >>> [ordinal(number) for number in (0.2, 1, 2, 11, 62.6, 93)]
        ['0th', '1st', '2nd', '11th', '63rd', '93rd']
    """
    whole = round(number)
    ending = {1: "st", 2: "nd", 3: "rd"}.get(whole % 10, "th") if whole % 100 not in (11, 12, 13) else "th"
    return f"{whole}{ending}"
