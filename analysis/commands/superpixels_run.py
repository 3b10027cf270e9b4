"""The run of `python -m analysis superpixels`."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pandas as pd

from analysis.commands.choices import ModelChoice
from analysis.commands.measure_run import name_left_out
from analysis.commands.settings import read
from analysis.commands.subjects import chosen_model
from analysis.commands.superpixels import SuperpixelFiles, SuperpixelSettings
from analysis.commands.superpixels_examples import write_examples
from analysis.grouping.choices import Resolution
from analysis.grouping.methods import chosen_methods
from analysis.many_pictures.files import lies_in, list_pictures
from analysis.many_pictures.measuring import Outcome, measure_pictures, readable
from analysis.many_pictures.own_files import OwnFiles
from analysis.many_pictures.progress import Progress
from analysis.many_pictures.tables import PictureTables
from analysis.reports.superpixels import write_scores
from analysis.superpixels.candidates import Plan
from analysis.superpixels.rows import picture_table
from analysis.superpixels.table import COLUMN_TYPES
from analysis.superpixels.truth_files import TruthReader, match_truths
from stvit import STViT, __version__
from stvit.error_text import counted
from stvit.foreign_text import plain
from stvit.images import PictureBytes, load_image
from stvit.images.framing import check_size
from stvit.weights.load import model_digest


def run(parsed: argparse.Namespace) -> int:
    """Score pictures and write what was found.

    Returns:
        0 if at least one picture was scored, else 1.

    Raises:
        ValueError: If a setting or the weights cannot be used.
        LookupError: If there is no such model.
        OSError: If a file or folder cannot be read or written.
    """
    files, which = read(SuperpixelFiles, parsed), read(ModelChoice, parsed)
    settings = read(SuperpixelSettings, parsed)
    check_settings(settings)
    if files.every < 1:
        raise ValueError(f"Every N-th picture needs an N of at least 1, got {files.every}.")
    matched = match_truths(_pictures(files)[:: files.every], files.truth)
    name_left_out(matched.left_out)
    if not matched.truths:
        print("No picture has a truth, so nothing was written.", file=sys.stderr)
        return 1
    model, _ = chosen_model(which)
    plan = plan_of(settings)
    files.out.mkdir(parents=True, exist_ok=True)
    stored = f"superpixels {__version__} {model_digest(model)} {settings!r}"
    tables = PictureTables(files.out / "pictures", stored, COLUMN_TYPES)
    by_name = {readable(picture): truth for picture, truth in matched.truths.items()}
    reader = TruthReader(by_name, settings.ignore if settings.ignore >= 0 else None, settings.tolerance)
    with Progress(len(matched.truths), plan.steps) as progress:
        measure = _measure(model, reader, plan, settings, progress.block)
        outcome = measure_pictures(list(matched.truths), tables, measure, progress, reader.key)
    name_left_out(outcome.skipped)
    return _finish(files, settings, model, tables, outcome, matched.truths)


def check_settings(settings: SuperpixelSettings) -> None:
    """Refuse sizes, counts and tolerances that nothing can be done with.

    Raises:
        ValueError: If there is one.
    """
    for size in settings.sizes:
        check_size(size)
    if min(settings.counts, default=1) < 1:
        raise ValueError(f"A number of segments is at least 1, got {min(settings.counts)}.")
    if settings.tolerance is not None and settings.tolerance < 0:
        raise ValueError(f"The tolerance of boundary scores must be at least 0 pixels, got {settings.tolerance}.")


def plan_of(settings: SuperpixelSettings) -> Plan:
    """Return which groupings to make, sizes and counts ascending and each once."""
    return Plan(
        chosen_methods(settings.methods),
        sorted(set(settings.sizes)),
        sorted(set(settings.counts)),
        [cast(Resolution, one) for one in settings.on],
    )


def _pictures(files: SuperpixelFiles) -> list[Path]:
    """Return the pictures, but not the label PNGs of a folder of truths inside that of the pictures."""
    listing = list_pictures([files.images], files.out)
    name_left_out(listing.left_out)
    if lies_in(files.images, files.truth):
        return listing.pictures
    return [picture for picture in listing.pictures if not lies_in(picture, files.truth)]


def _measure(
    model: STViT, reader: TruthReader, plan: Plan, settings: SuperpixelSettings, step: Callable[[], None]
) -> Callable[[PictureBytes, str], pd.DataFrame]:
    """Return the function that scores one picture."""

    def measure(picture: PictureBytes, name: str) -> pd.DataFrame:
        image = load_image(picture).array
        truth = reader.read(name, (image.shape[0], image.shape[1]))
        return picture_table(model, image, truth, plan, name, stability=settings.stability, step=step)

    return measure


def _finish(
    files: SuperpixelFiles,
    settings: SuperpixelSettings,
    model: STViT,
    tables: PictureTables,
    outcome: Outcome,
    truths: dict[Path, Path],
) -> int:
    """Write the results and say what was done."""
    if outcome.before:
        print(f"{len(outcome.before):,} of {counted(len(truths), 'picture')} were scored before.")
    if not outcome.measured:
        print("No picture could be scored, so nothing was written.", file=sys.stderr)
        return 1
    own = OwnFiles(files.out, "superpixels", [*truths, *truths.values()])
    pictures = write_scores(own, outcome.measured, tables, files.formats)
    by_name = {readable(picture): (picture, truth) for picture, truth in truths.items()}
    write_examples(own, pictures, by_name, model, plan_of(settings), files.formats)
    own.finish()
    print(
        f"Scored {len(outcome.measured):,} of {counted(len(truths), 'picture')} with a truth; wrote "
        f"{counted(len(own.written), 'file')} to {plain(files.out, 200)}."
    )
    return 0
