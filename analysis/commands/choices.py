"""The options that several commands share: which model, which picture, which block, head and token."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.commands.settings import Settings, from_one, option, path, to_one, whole_number

if TYPE_CHECKING:
    from analysis.one_token.region import Region

SAMPLES = ("china", "astronaut", "cat", "coffee", "rocket", "galaxies", "tissue")
"""Names of `stvit.images.samples`, which cannot be asked without loading torch."""

FRAMINGS = ("crop", "whole")

PRECISIONS = ("float32", "bfloat16", "float16")
"""Names of `stvit.precision.PRECISIONS`, which cannot be asked without loading torch."""


DEFAULT_MODEL = "demo"


@dataclass(frozen=True, kw_only=True)
class ModelChoice(Settings):
    """Which model; the demo if none is named."""

    model: str | None = option(None, help=f"name in pretrained/manifest.json (default: {DEFAULT_MODEL})", group="model")
    weights: Path | None = option(
        None, help="a weights file instead, ours or as released", parse=path, metavar="FILE", group="model"
    )
    random: str | None = option(None, help="random weights of a variant instead", metavar="VARIANT", group="model")
    precision: str | None = option(
        None,
        help="of weights and activations (default: float32); analysis sums and divides in float32",
        choices=PRECISIONS,
    )


@dataclass(frozen=True, kw_only=True)
class AnyModelChoice(ModelChoice):
    """Which model, an STViT or a backbone."""

    backbone: Path | None = option(
        None,
        help="a folder with a ViT, DeiT, DINOv2 or Swin as transformers saves it instead",
        parse=path,
        metavar="FOLDER",
        group="model",
    )


@dataclass(frozen=True, kw_only=True)
class InputChoice(Settings):
    """How a picture is laid before the model."""

    size: int | None = option(
        None, help="short side in px (default: 224, or what a backbone was made for)", parse=whole_number, metavar="PX"
    )
    framing: str = option("crop", help="centre crop or whole picture", choices=FRAMINGS)


@dataclass(frozen=True, kw_only=True)
class PictureChoice(Settings):
    """Which picture: a file or a sample."""

    image: Path | None = option(
        None, help="a picture file", flag="", parse=path, metavar="PICTURE", group="picture", required=True
    )
    sample: str | None = option(None, help="a sample picture instead", choices=SAMPLES, group="picture")


@dataclass(frozen=True, kw_only=True)
class BlockChoice(Settings):
    """Which block, counted from 0; options count from 1."""

    stage: int = option(0, help="counted from 1", parse=from_one, write=to_one, metavar="NUMBER")
    block: int = option(0, help="counted from 1", parse=from_one, write=to_one, metavar="NUMBER")


def head_number(text: str) -> int | None:
    """Return a head counted from 0, None for the mean; people count from 1.

    Raises:
        ArgumentTypeError: If the text is neither a number nor "mean".
    """
    number = number_or("mean", text)
    return None if number is None else number - 1


def anchor_count(text: str) -> int | None:
    """Return a number of rows, None for all.

    Raises:
        ArgumentTypeError: If the text is neither.
    """
    return number_or("all", text)


def number_or(word: str, text: str) -> int | None:
    """Return a whole number, or None for the word.

    Raises:
        ArgumentTypeError: If the text is neither.
    """
    try:
        return None if text == word else int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a whole number or {word}, got {text!r}") from None


def all_or_count(anchors: int | None) -> str:
    """Write a number of rows."""
    return "all" if anchors is None else str(anchors)


@dataclass(frozen=True, kw_only=True)
class HeadChoice(Settings):
    """Which head, counted from 0; None is the mean."""

    head: int | None = option(
        None, help="counted from 1, or mean (default: mean)", parse=head_number, write=to_one, metavar="NUMBER"
    )


@dataclass(frozen=True, kw_only=True)
class ClassChoice(Settings):
    """Which class is followed, counted from 0; None is the most probable one."""

    target: int | None = option(
        None,
        help="class to follow, counted from 0 (default: the most probable one)",
        flag="--class",
        parse=whole_number,
        metavar="NUMBER",
    )


@dataclass(frozen=True, kw_only=True)
class TokenChoice(Settings):
    """Which token, counted from 0 as everywhere."""

    row: int = option(help="of the anchor, counted from 0", parse=whole_number, metavar="NUMBER")
    column: int = option(help="of the anchor, counted from 0", parse=whole_number, metavar="NUMBER")


REGIONS = ("token", "super", "rectangle", "segment")
"""Names of `analysis.one_token.region.REGIONS`, which cannot be asked without loading torch."""


@dataclass(frozen=True, kw_only=True)
class RegionChoice(Settings):
    """What the anchor is: its token, or a region around it."""

    region: str = option("token", help="what the anchor is: a region stands for its tokens' mean", choices=REGIONS)
    region_height: int = option(
        200, help="of a rectangle, in thousandths of the picture", parse=whole_number, metavar="NUMBER"
    )
    region_width: int = option(200, help="the same across", parse=whole_number, metavar="NUMBER")

    @property
    def chosen_region(self) -> "Region":
        """The region.

        Raises:
            ValueError: If a rectangle has no such size.
        """
        from analysis.one_token.region import THOUSAND, Region

        for name, side in (("height", self.region_height), ("width", self.region_width)):
            if not 1 <= side <= THOUSAND:
                raise ValueError(f"A rectangle's {name} is 1 to {THOUSAND} thousandths of the picture, got {side}.")
        return Region(self.region, self.region_height, self.region_width)
