"""Write what a page of the app shows to a file: a figure or its numbers.

The ending of FILE says what is written: png, svg or pdf a figure, csv or npz the numbers. The export of each page
prints the command that writes the same file again.
"""

import argparse
from pkgutil import resolve_name

from analysis.commands.paper import Paper
from analysis.commands.registry import VIEWS
from analysis.commands.settings import add_options
from analysis.commands.views.view import Target, View


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare a command for each view."""
    views = parser.add_subparsers(title="views", required=True, metavar="VIEW")
    for name, address in VIEWS.items():
        view: type[View] = resolve_name(address)
        described = views.add_parser(name, help=view.__doc__, description=view.__doc__)
        add_options(described, view)
        add_options(described, Target)
        described.set_defaults(run="analysis.commands.report_files:run", view=view)
    paper = views.add_parser("paper", help=Paper.__doc__, description=Paper.__doc__)
    add_options(paper, Paper)
    paper.set_defaults(run="analysis.commands.paper_run:run")
