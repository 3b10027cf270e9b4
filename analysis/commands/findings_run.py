"""The run of `python -m analysis findings`."""

import argparse

from analysis.commands.findings import FindingsSettings
from analysis.commands.settings import read
from analysis.many_pictures.own_files import OwnFiles
from analysis.reports.findings import findings
from analysis.sweeps.reading import open_sweep
from stvit.error_text import counted
from stvit.foreign_text import plain


def run(parsed: argparse.Namespace) -> int:
    """Read sweeps and write what they say side by side.

    Raises:
        ValueError: If a file is damaged, or there is nothing to compare.
        FileNotFoundError: If a folder holds no complete sweep.
        OSError: If a file cannot be written.
    """
    chosen = read(FindingsSettings, parsed)
    sweeps = [open_sweep(folder) for folder in chosen.sweeps]
    found = findings(sweeps, chosen.metrics, chosen.stages, chosen.own, chosen.trained, chosen.format)
    own = OwnFiles(chosen.out, "findings")
    for name, content in found.items():
        own.write(name, content)
    own.finish()
    print(f"Wrote {counted(len(found), 'file')} to {plain(chosen.out, 200)}.")
    return 0
