"""What a file of weights says about itself in JSON: config and class names, both within bounds."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from stvit.config import STViTConfig
from stvit.error_text import counted
from stvit.foreign_text import plain, quoted

MAX_CONFIG = 1 << 16
"""Characters of JSON that a config may have."""

MAX_NAMES = 1 << 25
"""Characters of JSON that the class names may have."""

MAX_NAME = 200
"""Characters that a class name may have."""


def parse_json(text: str | bytes, limit: int, what: str) -> Any:
    """Read JSON of bounded size and depth, without NaN and infinity, which JSON does not have.

    Args:
        text: The JSON.
        limit: Greatest length.
        what: How a sentence names it.

    Raises:
        ValueError: If it is too long, too deep or not JSON.
    """
    if len(text) > limit:
        raise ValueError(f"{what} has {len(text):,} characters, at most {limit:,} are read")
    try:
        return json.loads(text, parse_constant=_no_constant)
    except RecursionError as error:
        raise ValueError(f"{what} is nested too deeply") from error
    except ValueError as error:
        raise ValueError(f"{what} is not valid JSON ({plain(error)})") from error


def parse_config(text: str | bytes) -> STViTConfig:
    """Read the settings of a model.

    Raises:
        ValueError: If they are not settings that a model can have.

    Example:
        >>> parse_config('{"num_classes": 7}').num_classes
        7
    """
    values = parse_json(text, MAX_CONFIG, "config")
    if not isinstance(values, dict):
        raise ValueError(f"config is a {type(values).__name__}, expected an object")
    return STViTConfig.from_dict(values)


def parse_class_names(text: str) -> tuple[str, ...]:
    """Read the names of the classes.

    Raises:
        ValueError: If they are not a list of names that can be shown.

    Example:
        >>> parse_class_names('["cat", "dog"]')
        ('cat', 'dog')
    """
    names = parse_json(text, MAX_NAMES, "class_names")
    if not isinstance(names, list):
        raise ValueError("class_names is not a list of names")
    return checked_class_names(names)


def checked_class_names(names: Sequence[object]) -> tuple[str, ...]:
    """Return class names that can be shown anywhere.

    Raises:
        ValueError: If one is not text, empty, too long, or holds control characters or lone surrogates.
    """
    for number, name in enumerate(names):
        if not isinstance(name, str):
            raise ValueError(f"class_names is not a list of names: name {number} is a {type(name).__name__}")
        if not name.strip() or len(name) > MAX_NAME:
            raise ValueError(
                f"class name {number} has {counted(len(name.strip()), 'character')}, expected 1 to {MAX_NAME}"
            )
        if plain(name, MAX_NAME) != name:
            raise ValueError(f"class name {number} holds characters that cannot be shown: {quoted(name)}")
    return tuple(map(str, names))


def description(metadata: Mapping[str, str]) -> tuple[STViTConfig | None, tuple[str, ...] | None]:
    """Return config and class names from the metadata of a safetensors file, None where it states none.

    Raises:
        ValueError: If one of them makes no sense.
    """
    config = parse_config(metadata["config"]) if "config" in metadata else None
    names = parse_class_names(metadata["class_names"]) if "class_names" in metadata else None
    return config, names


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number in JSON")
