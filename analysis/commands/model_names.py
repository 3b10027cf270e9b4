"""One word for any model, where a command takes several: a name, or what kind of thing it names before a colon."""

from pathlib import Path

from analysis.commands.choices import AnyModelChoice

KINDS = ("random", "weights", "backbone")
"""What may stand before the colon; without one it is a name in pretrained/manifest.json."""

HELP = "a name in pretrained/manifest.json, random:VARIANT, weights:FILE or backbone:FOLDER"


def model_choice(word: str) -> AnyModelChoice:
    """Return the model that a word names.

    Raises:
        ValueError: If nothing stands after the colon.

    Example:
        >>> model_choice("backbone:models/dinov2-small").backbone.as_posix()
        'models/dinov2-small'
        >>> model_choice("twin-super").model
        'twin-super'
    """
    kind, colon, value = word.partition(":")
    if not colon or kind not in KINDS:
        return AnyModelChoice(model=word)
    if not value.strip():
        raise ValueError(f"Expected a model after {word!r}; name {HELP}.")
    if kind == "random":
        return AnyModelChoice(random=value)
    return AnyModelChoice(weights=Path(value)) if kind == "weights" else AnyModelChoice(backbone=Path(value))


def model_word(options: tuple[str, str]) -> str:
    """Return the word for what an option of other commands names.

    Example:
        >>> model_word(("--random", "stvit_demo")), model_word(("--model", "demo"))
        ('random:stvit_demo', 'demo')
    """
    flag, value = options
    return value if flag == "--model" else f"{flag.removeprefix('--')}:{value}"
