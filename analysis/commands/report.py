"""Report on a sweep: distributions, extremes and correlations as Markdown and CSV, also against another sweep.

--reference FILE puts the quantiles of the sweep into a reference, such as the one that ships, which the app draws and
`analysis.sweeps.reference` reads.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

from analysis.commands.settings import Settings, add_options, option, path


@dataclass(frozen=True, kw_only=True)
class SweepReportFiles(Settings):
    """What is read and written."""

    sweep: Path | None = option(None, help="folder of a sweep", flag="", parse=path, metavar="DIR")
    against: Path | None = option(None, help="folder of another sweep of the same pictures", parse=path, metavar="DIR")
    out: Path | None = option(None, help="folder for the report (default: DIR/report)", parse=path, metavar="DIR")
    reference: Path | None = option(
        None, help="reference to put this model's quantiles into, in place of older ones", parse=path, metavar="FILE"
    )


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_options(parser, SweepReportFiles)
    parser.set_defaults(run="analysis.commands.report_run:run")
