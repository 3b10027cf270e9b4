"""Put the sweeps of several models side by side: means over pictures with errors, as Markdown, CSV and a figure.

Several sweeps of one model add up, as one of all rows and one of a sample of rows. What q and k of a model with super
tokens (--own) would do over all tokens is held against a model that was trained with global attention (--trained).
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

from analysis.commands.settings import Settings, add_options, from_one, option, path, to_one
from analysis.figures.formats import FIGURES
from analysis.redundancy.catalogue import CATALOGUE

METRICS = ("normalised_entropy", "distance", "local_mass", "effective_rank", "token_cosine")


@dataclass(frozen=True, kw_only=True)
class FindingsSettings(Settings):
    """What is read, compared and written."""

    sweeps: tuple[Path, ...] = option((), help="folders of sweeps", flag="", parse=path)
    out: Path = option(help="folder for the files", parse=path, metavar="DIR")
    metrics: tuple[str, ...] = option(METRICS, help="metrics", choices=tuple(CATALOGUE), metavar="NAME", required=True)
    stages: tuple[int, ...] = option(
        (0, 1), help="stages, counted from 1", parse=from_one, write=to_one, metavar="NUMBER", required=True
    )
    own: str = option("twin-super", help="model with super tokens", metavar="MODEL")
    trained: str = option("twin-global", help="model trained with global attention", metavar="MODEL")
    format: str = option("svg", help="of the figure", choices=FIGURES)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_options(parser, FindingsSettings)
    parser.set_defaults(run="analysis.commands.findings_run:run")
