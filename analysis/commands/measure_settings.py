"""The options of `python -m analysis measure`."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from analysis.attention.kinds import KINDS
from analysis.commands.choices import InputChoice
from analysis.commands.settings import Settings, filled, option, path
from analysis.figures.formats import FIGURES
from analysis.many_pictures.part import Part
from analysis.redundancy.catalogue import CATALOGUE


def part_number(text: str) -> Part:
    """Return a part such as 3/16.

    Raises:
        ArgumentTypeError: If there is no such part.

    Example:
        >>> part_number("3/16")
        Part(number=3, of=16)
    """
    try:
        return Part.parse(filled(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


@dataclass(frozen=True, kw_only=True)
class MeasureSettings(InputChoice):
    """All that the numbers of a picture depend on, besides the picture and the model; stored tables are named by it.

    An option that changes a number belongs here, so that it cannot be forgotten where tables are looked up.
    """

    attentions: tuple[str, ...] = option(
        ("super", "global"), help="kinds of attention", choices=tuple(KINDS), metavar="NAME", required=True
    )
    metrics: tuple[str, ...] = option(
        tuple(CATALOGUE), help="metrics", choices=tuple(CATALOGUE), metavar="NAME", required=True
    )


@dataclass(frozen=True, kw_only=True)
class MeasureFiles(Settings):
    """What is read and written; no number depends on it."""

    pictures: tuple[Path, ...] = option((), help="picture files, or folders of them", flag="", parse=path)
    out: Path = option(help="folder for the tables and figures", parse=path, metavar="DIR")
    part: Part | None = option(
        None,
        help="only every N-th picture from the K-th on; tables and figures come later",
        parse=part_number,
        metavar="K/N",
    )
    formats: tuple[str, ...] = option(FIGURES, help="of the figures", choices=FIGURES, metavar="NAME", required=True)
