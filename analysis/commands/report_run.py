"""The run of `python -m analysis report`."""

import argparse

from analysis.commands.report import SweepReportFiles
from analysis.commands.settings import read
from analysis.many_pictures.own_files import OwnFiles
from analysis.reports.sweep import sweep_report
from analysis.sweeps.bands import bands_of
from analysis.sweeps.reading import open_sweep
from analysis.sweeps.reference import write_reference
from stvit.error_text import counted
from stvit.foreign_text import plain


def run(parsed: argparse.Namespace) -> int:
    """Read a sweep and write what it says.

    Raises:
        ValueError: If no sweep is named, a file is damaged, or there is nothing to compare.
        FileNotFoundError: If a folder holds no complete sweep.
        OSError: If a file cannot be written.
    """
    files = read(SweepReportFiles, parsed)
    if files.sweep is None:
        raise ValueError("Name the folder that `python -m analysis sweep --out DIR` wrote.")
    other = None if files.against is None else open_sweep(files.against)
    sweep = open_sweep(files.sweep)
    if files.reference is not None:
        write_reference(bands_of(sweep), files.reference)
        print(f"Wrote the quantiles of {plain(sweep.configuration['model'], 200)} to {plain(files.reference, 200)}.")
    found = sweep_report(sweep, other)
    out = files.sweep / "report" if files.out is None else files.out
    own = OwnFiles(out, "report")
    for name, content in found.items():
        own.write(name, content)
    own.finish()
    print(f"Wrote {counted(len(found), 'file')} to {plain(out, 200)}.")
    return 0
