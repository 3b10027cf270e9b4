"""Measure a dataset: the ledger of every picture, on all cores or a Ray cluster, from a sample of rows.

DATA is a folder, a tar or webdataset shards (also with * and ranges such as train-{000..146}.tar), picture files, or a
.txt file with one path a line; each may be an address such as s3://bucket/val instead. Each picture's
table is kept as soon as it is measured: the same command goes on where a killed one stopped. Many machines share the
work out by --part or by --engine ray.
"""

import argparse
from dataclasses import dataclass

from analysis.attention.kinds import KINDS
from analysis.commands.choices import FRAMINGS, AnyModelChoice, all_or_count, anchor_count
from analysis.commands.measure_settings import part_number
from analysis.commands.settings import Settings, add_options, filled, option, whole_number
from analysis.many_pictures.part import Part
from analysis.redundancy.catalogue import CATALOGUE

ENGINES = ("local", "ray")


@dataclass(frozen=True, kw_only=True)
class SweepChoice(Settings):
    """What is measured; see `analysis.sweeps.job.SweepSettings`."""

    attentions: tuple[str, ...] = option(
        ("super", "global"), help="kinds of attention", choices=tuple(KINDS), metavar="NAME", required=True
    )
    metrics: tuple[str, ...] = option(
        tuple(CATALOGUE), help="metrics", choices=tuple(CATALOGUE), metavar="NAME", required=True
    )
    size: int | None = option(
        None, help="short side in px (default: 224, or what a backbone was made for)", parse=whole_number, metavar="PX"
    )
    framing: str = option("crop", help="centre crop or whole picture", choices=FRAMINGS)
    anchors: int | None = option(
        256, help="rows of each attention, or all", parse=anchor_count, write=all_or_count, metavar="NUMBER"
    )


@dataclass(frozen=True, kw_only=True)
class SweepFiles(Settings):
    """What is read and written and by whom; no number depends on it beyond rounding."""

    data: tuple[str, ...] = option(
        (), help="folders, tars, files or lists, or addresses of such", flag="", parse=filled
    )
    out: str = option(help="folder or address for the tables", parse=filled, metavar="DIR")
    every: int = option(
        1, help="only every N-th picture of the listing, to know sooner", parse=whole_number, metavar="N"
    )
    part: Part | None = option(
        None, help="only every N-th picture from the K-th on; joined later", parse=part_number, metavar="K/N"
    )
    engine: str = option("local", help="who does the work", choices=ENGINES)
    workers: int | None = option(
        None, help="processes or actors (default: one a core; 0: none but this)", parse=whole_number, metavar="NUMBER"
    )
    address: str | None = option(None, help="of a running Ray cluster (default: start one here)", metavar="ADDRESS")
    batch: int = option(16, help="pictures that go through the model together", parse=whole_number, metavar="NUMBER")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    for settings in (SweepFiles, AnyModelChoice, SweepChoice):
        add_options(parser, settings)
    parser.set_defaults(run="analysis.commands.sweep_run:run")
