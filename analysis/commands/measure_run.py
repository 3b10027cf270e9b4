"""The run of `python -m analysis measure`."""

import argparse
import sys
from collections.abc import Sequence

import pandas as pd

from analysis.any_model import AnyModel, captured, digest_of, has_super_tokens, prepared
from analysis.attention.kinds import own_title
from analysis.commands.choices import AnyModelChoice
from analysis.commands.measure_settings import MeasureFiles, MeasureSettings
from analysis.commands.settings import read
from analysis.commands.subjects import chosen_any_model
from analysis.many_pictures.files import LeftOut, list_pictures
from analysis.many_pictures.measuring import Measure, Outcome, checked, measure_pictures
from analysis.many_pictures.own_files import OwnFiles
from analysis.many_pictures.progress import Progress
from analysis.many_pictures.tables import PictureTables
from analysis.redundancy.ledger import ledger
from analysis.reports.many_pictures import write_results
from stvit import __version__
from stvit.error_text import counted
from stvit.foreign_text import plain
from stvit.images import PictureBytes
from stvit.images.framing import check_size


def run(parsed: argparse.Namespace) -> int:
    """Measure pictures and write what was found.

    Returns:
        0 if at least one picture was measured or this part has none, else 1.

    Raises:
        ValueError: If the size or the weights cannot be used.
        LookupError: If there is no such model.
        OSError: If a file or folder cannot be read or written.
    """
    files, which, settings = read(MeasureFiles, parsed), read(AnyModelChoice, parsed), read(MeasureSettings, parsed)
    if settings.size is not None:
        check_size(settings.size)
    listing = list_pictures(files.pictures, files.out)
    name_left_out(listing.left_out)
    pictures = listing.pictures if files.part is None else files.part.share(listing.pictures)
    if not pictures:
        return _nothing_to_do(files, len(listing.pictures))
    model, _ = chosen_any_model(which)
    files.out.mkdir(parents=True, exist_ok=True)
    tables = PictureTables(files.out / "pictures", stored_under(model, settings))
    with Progress(len(pictures), len(model.blocks())) as progress:
        outcome = measure_pictures(pictures, tables, _measure(model, settings, progress), progress)
    name_left_out(outcome.skipped)
    title = own_title(has_super_tokens(model))
    return _finish(files, which, settings, tables, outcome, len(pictures), title)


def stored_under(model: AnyModel, settings: MeasureSettings) -> str:
    """Return all that the numbers of a picture depend on, apart from the picture: the settings as a whole."""
    return f"{__version__} {digest_of(model)} {settings!r}"


def name_left_out(found: Sequence[LeftOut]) -> None:
    """Say what is not measured, and why, a line for each."""
    for path, reason in found:
        print(f"Skipped {plain(path, 300)}: {reason}.", file=sys.stderr)


def _measure(model: AnyModel, settings: MeasureSettings, progress: Progress) -> Measure:
    """Return the function that measures one picture."""

    def measure(picture: PictureBytes, name: str) -> pd.DataFrame:
        seen, _ = prepared(model, picture, settings.size, settings.framing)
        cap = captured(model, seen.pixels)
        names, told = [name], progress.within
        return checked(ledger(cap, settings.attentions, settings.metrics, image_names=names, progress=told))

    return measure


def _nothing_to_do(files: MeasureFiles, pictures: int) -> int:
    if pictures and files.part is not None:
        print(f"Part {files.part} holds none of the {counted(pictures, 'picture')}, so there is nothing to do.")
        return 0
    print("There is no picture to measure, so nothing was written.", file=sys.stderr)
    return 1


def _finish(
    files: MeasureFiles,
    which: AnyModelChoice,
    settings: MeasureSettings,
    tables: PictureTables,
    outcome: Outcome,
    pictures: int,
    own_attention: str,
) -> int:
    """Write the results, unless others are still at work on their parts, and say what was done."""
    if outcome.before:
        print(f"{len(outcome.before):,} of {counted(pictures, 'picture')} were measured before.")
    if not outcome.measured:
        print("No picture could be measured, so nothing was written.", file=sys.stderr)
        return 1
    count = f"Measured {len(outcome.measured):,} of {counted(pictures, 'picture')}"
    if files.part is not None and files.part.of > 1:
        print(f"{count} of part {files.part}; once all parts are done, the same command without --part joins them.")
        return 0
    own = OwnFiles(
        files.out, "measure", [*files.pictures, *(path for path in (which.weights, which.backbone) if path is not None)]
    )
    if not write_results(own, outcome.measured, tables, settings.attentions, files.formats, own_attention):
        rows = sum(one.rows for one in outcome.measured)
        print(f"The table has {rows:,} rows, so it is written as Parquet only.")
    print(f"{count}; wrote {counted(len(own.written), 'file')} to {plain(files.out, 200)}.")
    return 0
