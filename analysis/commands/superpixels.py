"""Hold groupings of pictures against what people drew: learned super tokens, superpixels, controls.

Each picture of --images needs a file of the same name in --truth: .mat of BSDS500, a label PNG, or an NPZ of label
maps or instance masks. Scores go to scores.parquet, one row for each picture, grouping and annotator; means to
summary.md and summary.csv; curves and examples to figures. Each picture's table is kept as soon as it is complete, so
the same command continues where a killed one stopped.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

from analysis.commands.choices import ModelChoice
from analysis.commands.settings import Settings, add_options, option, path, whole_number
from analysis.figures.formats import FIGURES
from analysis.grouping.choices import RESOLUTIONS
from analysis.grouping.methods import METHODS


@dataclass(frozen=True, kw_only=True)
class SuperpixelFiles(Settings):
    """What is read and written; no number depends on it."""

    images: Path = option(help="folder of pictures", parse=path, metavar="DIR")
    truth: Path = option(help="folder of human segmentations", parse=path, metavar="DIR")
    out: Path = option(help="folder for the tables and figures", parse=path, metavar="DIR")
    every: int = option(1, help="only every N-th picture, for a quick look", parse=whole_number, metavar="N")
    formats: tuple[str, ...] = option(("png",), help="of the figures", choices=FIGURES, metavar="NAME", required=True)


@dataclass(frozen=True, kw_only=True)
class SuperpixelSettings(Settings):
    """All that the scores of a picture depend on, besides the picture, its truth and the model."""

    sizes: tuple[int, ...] = option(
        (224, 320),
        help="short sides of the picture before the model; each gives the counts of its grids of super tokens",
        parse=whole_number,
        metavar="PX",
        required=True,
    )
    counts: tuple[int, ...] = option(
        (),
        help="segments for methods that see pixels (default: as many as the first stage of each size has)",
        parse=whole_number,
        metavar="K",
    )
    methods: tuple[str, ...] = option(
        tuple(METHODS), help="ways to group", choices=tuple(METHODS), metavar="NAME", required=True
    )
    on: tuple[str, ...] = option(RESOLUTIONS, help="what the classical methods see", choices=RESOLUTIONS, required=True)
    tolerance: int | None = option(
        None, help="r of the boundary scores in px (default: 0.0025 of the diagonal)", parse=whole_number, metavar="PX"
    )
    ignore: int = option(
        255, help="label of 8-bit PNGs whose pixels are ignored, -1 for none", parse=whole_number, metavar="LABEL"
    )
    stability: bool = option(False, help="also group each picture blurred, noised, brightened, shifted and flipped")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    for settings in (SuperpixelFiles, ModelChoice, SuperpixelSettings):
        add_options(parser, settings)
    parser.set_defaults(run="analysis.commands.superpixels_run:run")
