"""Options declared once: a frozen dataclass says what can be chosen; parsers and printed commands follow from it.

A field made by `option` knows its flag, its help and its choices. `add_options` gives them to a parser, `read` turns
what was parsed into the settings, and `Settings.words` writes the settings as a command that gives them again. Nothing
here or in a module of settings imports torch, so that help and usage errors come at once.
"""

import argparse
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

Chosen = TypeVar("Chosen", bound="Settings")


def filled(text: str) -> str:
    """Return a value that was given, and refuse the empty one, which a script passes when a variable of it is not set.

    Raises:
        argparse.ArgumentTypeError: If the text is empty.
    """
    if not text.strip():
        raise argparse.ArgumentTypeError("expected a value, got an empty one; name one or leave the option out")
    return text


def path(text: str) -> Path:
    """Return a path.

    Raises:
        argparse.ArgumentTypeError: If the text is empty, which would mean the current folder.
    """
    return Path(filled(text))


def whole_number(text: str) -> int:
    """Return a whole number.

    Raises:
        argparse.ArgumentTypeError: If the text is none.
    """
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a whole number, got {text!r}") from None


def number(text: str) -> float:
    """Return a number.

    Raises:
        ArgumentTypeError: If the text is none, or it is not finite.
    """
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise argparse.ArgumentTypeError(f"expected a number, got {text!r}")
    return found


def from_one(text: str) -> int:
    """Return a number that people count from 1, counted from 0.

    Example:
        >>> from_one("1")
        0
    """
    return whole_number(text) - 1


def to_one(number: int) -> str:
    """Write a number that is counted from 0 as people count.

    Example:
        >>> to_one(0)
        '1'
    """
    return str(number + 1)


def written(value: object) -> str:
    """Write a value so that no command takes it for an option.

    Example:
        >>> written(8), written(Path("-cat.png"))
        ('8', './-cat.png')
    """
    text = str(value)
    return f"./{text}" if isinstance(value, Path) and text.startswith("-") else text


@dataclass(frozen=True)
class Option:
    """What a parser and a printed command need to know of a field.

    Attributes:
        help: One line; the default is added to it.
        flag: Such as "--size"; None for the name of the field, empty for a word without a flag.
        parse: Reads one value.
        write: Writes one value.
        choices: The values there are, in their order; empty if any will do.
        metavar: Name of the value in the help.
        group: Options of one group exclude each other.
        required: Whether one option of the group, or one value at least, is needed.
    """

    help: str
    flag: str | None
    parse: Callable[[str], Any]
    write: Callable[[Any], str]
    choices: tuple[str, ...]
    metavar: str | None
    group: str
    required: bool


def option(
    default: Any = MISSING,
    *,
    help: str,
    flag: str | None = None,
    parse: Callable[[str], Any] = filled,
    write: Callable[[Any], str] = written,
    choices: Sequence[str] = (),
    metavar: str | None = None,
    group: str = "",
    required: bool = False,
) -> Any:
    """Declare a field of settings; see `Option`. A tuple as default takes several values, False a flag without any."""
    known = Option(help, flag, parse, write, tuple(choices), metavar, group, required)
    return field(default=default, metadata={"option": known})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Base of all settings. Several values of one option are kept in the order of its choices, each once."""

    def __post_init__(self) -> None:
        """Bring tuples into their order, so that equal settings are equal however they were written."""
        for entry, known in options_of(type(self)):
            value = getattr(self, entry.name)
            if isinstance(value, tuple) and known.choices:
                object.__setattr__(self, entry.name, tuple(name for name in known.choices if name in value))

    def words(self) -> list[str]:
        """Return the options that give these settings again."""
        return [word for entry, known in options_of(type(self)) for word in _words(known, getattr(self, entry.name))]


def options_of(settings: type[Settings]) -> Iterator[tuple[Field[Any], Option]]:
    """Yield the fields that are options, and what is known of each."""
    for entry in fields(settings):
        if "option" in entry.metadata:
            known: Option = entry.metadata["option"]
            yield entry, known if known.flag is not None else replace(known, flag=f"--{entry.name.replace('_', '-')}")


def add_options(parser: argparse.ArgumentParser, settings: type[Settings]) -> None:
    """Give a parser the options of settings."""
    groups: dict[str, Any] = {}
    for entry, known in options_of(settings):
        target: Any = parser
        if known.group:
            if known.group not in groups:
                groups[known.group] = parser.add_mutually_exclusive_group(required=known.required)
            target = groups[known.group]
        _add(target, entry, known)


def read(settings: type[Chosen], parsed: argparse.Namespace) -> Chosen:
    """Return the settings that were parsed."""
    found = {entry.name: getattr(parsed, entry.name) for entry, _ in options_of(settings)}
    return settings(**{name: tuple(value) if isinstance(value, list) else value for name, value in found.items()})


def _add(target: Any, entry: Field[Any], known: Option) -> None:
    named = [known.flag] if known.flag else [entry.name]
    more: dict[str, Any] = {"dest": entry.name} if known.flag else {}
    text = known.help.replace("%", "%%")
    if entry.default is False:
        target.add_argument(*named, **more, action="store_true", help=text)
        return
    more |= {"type": known.parse, "metavar": known.metavar}
    if isinstance(entry.default, tuple):
        more |= {"nargs": "+" if known.required else "*"}
    if known.choices:
        more |= {"choices": known.choices}
        text += f": {', '.join(known.choices)}" if known.metavar else ""
    if entry.default is not MISSING:
        more |= {"default": entry.default}
        text += _default_words(known, entry.default)
    if known.flag and entry.default is MISSING:
        more |= {"required": True}
    if not known.flag:
        more |= {"nargs": "+"} if entry.default == () else {"nargs": "?"} if entry.default is None else {}
    target.add_argument(*named, **more, help=text)


def _default_words(known: Option, default: Any) -> str:
    if default is None or default == ():
        return ""
    several = default if isinstance(default, tuple) else (default,)
    return " (default: all)" if several == known.choices else f" (default: {' '.join(map(known.write, several))})"


def _words(known: Option, value: Any) -> list[str]:
    if value is None or value is False:
        return []
    if value is True:
        return [str(known.flag)]
    several = value if isinstance(value, tuple) else (value,)
    return [*([known.flag] if known.flag else []), *map(known.write, several)]
