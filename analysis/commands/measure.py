"""Measure the attention of pictures: every block and head as Parquet and CSV, with means and figures.

Each picture's table is kept as soon as it is measured, so the same command continues where a killed one stopped.
Many machines share the work out by --part; the command without it then joins what they measured.
"""

import argparse

from analysis.commands.choices import AnyModelChoice
from analysis.commands.measure_settings import MeasureFiles, MeasureSettings
from analysis.commands.settings import add_options


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    for settings in (MeasureFiles, AnyModelChoice, MeasureSettings):
        add_options(parser, settings)
    parser.set_defaults(run="analysis.commands.measure_run:run")
