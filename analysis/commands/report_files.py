"""The run of `python -m analysis export`: a report as a file, checked before the work, written whole."""

import argparse

from analysis.commands.settings import read
from analysis.commands.views.view import Target, View
from analysis.reports.report import suffix_of
from stvit.atomic_files import refuse_overwriting, write_atomically
from stvit.foreign_text import plain


def run(parsed: argparse.Namespace) -> int:
    """Make what was asked for and write it as the ending of the path says; the file is the old one or complete.

    Raises:
        ValueError: If the ending is unknown, the file is an input, or the view cannot be shown.
        LookupError: If there is no such model, token or head.
        OSError: If a file cannot be read or written.
    """
    view: View = read(parsed.view, parsed)
    out = read(Target, parsed).out
    suffix = suffix_of(out)
    refuse_overwriting(out, view.inputs())
    if out.is_dir():
        raise IsADirectoryError(f"{plain(out, 200)} is a folder; name a file in it.")
    out.parent.mkdir(parents=True, exist_ok=True)  # before the work, which would be lost
    write_atomically(out, view.report().content(suffix), view.inputs())
    print(f"Wrote {plain(out, 200)}.")
    return 0
