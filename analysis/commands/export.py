"""Write what a page of the app shows to a file: a figure or its numbers.

The ending of FILE says what is written: png, svg or pdf a figure, csv or npz the numbers. The export of each page
prints the command that writes the same file again.
"""

import argparse
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from pkgutil import resolve_name

from analysis.commands.registry import VIEWS
from analysis.commands.settings import Settings, add_options, option, path, read
from analysis.commands.views.view import View


@dataclass(frozen=True, kw_only=True)
class Target(Settings):
    """Where to write."""

    out: Path = option(help="file to write: png, svg, pdf, csv or npz", parse=path, metavar="FILE")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare a command for each view."""
    views = parser.add_subparsers(title="views", required=True, metavar="VIEW")
    for name, address in VIEWS.items():
        view: type[View] = resolve_name(address)
        described = views.add_parser(name, help=view.__doc__, description=view.__doc__)
        add_options(described, view)
        add_options(described, Target)
        described.set_defaults(run=partial(_run, view))


def _run(view: type[View], parsed: argparse.Namespace) -> int:
    from analysis.commands.report_files import write_report  # here: it imports torch

    chosen, out = read(view, parsed), read(Target, parsed).out
    inputs = [given for given in (getattr(chosen, "image", None), getattr(chosen, "weights", None)) if given]
    write_report(chosen.report, out, inputs)
    return 0
