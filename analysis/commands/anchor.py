"""python -m analysis.anchor IMAGE --stage 1 --block 1 --row 22 --column 24 --out FILE: the maps around one token.

The ending of FILE says what is written: png, svg or pdf a figure, csv or npz the numbers. The app's export names the
command that makes the same figure again.
"""

import argparse
from collections.abc import Sequence

from analysis.commands.options import (
    anchor_options,
    block_options,
    chosen_block,
    chosen_model,
    chosen_subject,
    head_options,
    model_options,
    out_options,
    picture_options,
    write_report,
)
from analysis.one_token.anchor import anchor_maps
from analysis.reports.pictures import anchor_report
from analysis.reports.report import Report
from stvit import capture


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    return write_report(_parser().parse_args(arguments), _report)


def _report(options: argparse.Namespace) -> Report:
    model, title = chosen_model(options)
    block = chosen_block(options, model)
    subject = chosen_subject(options, title)
    record = capture(model, subject.picture.pixels, blocks=[block])[block]
    token = record.grid.token(options.row, options.column)
    maps = list(anchor_maps(record, options.head, token, subject.picture.framing.stride(record.grid)))
    return anchor_report(subject, record, maps, token, options.head)


def _parser() -> argparse.ArgumentParser:
    parents = [picture_options(), model_options(), block_options(), head_options(), anchor_options(), out_options()]
    return argparse.ArgumentParser(
        prog="python -m analysis.anchor",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=parents,
    )
