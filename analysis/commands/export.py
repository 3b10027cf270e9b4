"""python -m analysis.export VIEW ... --out FILE: what a page of the app shows, as a file.

The ending of FILE says what is written: png, svg or pdf a figure, csv or npz the numbers. The export of each page
names the command that makes the same files again.
"""

import argparse
from collections.abc import Callable, Sequence
from typing import get_args

from analysis.attention.kinds import KINDS
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
from analysis.cost import COST_SIZES, cost_table
from analysis.cost_timing import time_table
from analysis.counterfactual import standard_variants
from analysis.grouping.methods import METHODS, Grouping, Resolution, classical_labels, learned_grouping
from analysis.one_token.steps import lesson
from analysis.outcome import outcome_of
from analysis.redundancy.catalogue import CATALOGUE
from analysis.redundancy.ledger import ledger
from analysis.relevance.class_gradient import class_gradients
from analysis.relevance.footprint import Footprints
from analysis.relevance.rollout import rollout
from analysis.reports.charts import Matrix, cost_report, of_head, redundancy_report, token_values
from analysis.reports.pictures import change_report, groupings_report, lesson_report, rollout_options, rollout_report
from analysis.reports.report import Report
from stvit import BlockId, BlockRecord, STViT, capture

DRAWINGS = ("boundaries", "means", "labels")

VARIANTS = ("grid", "slic", "felzenszwalb", "masked", "hard", *(f"iterations_{count}" for count in range(6)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    options = _parser().parse_args(arguments)
    return write_report(options, options.make)


def groupings(options: argparse.Namespace) -> Report:
    """Group the picture in several ways at equal count."""
    model, title = chosen_model(options)
    block, subject = chosen_block(options, model), chosen_subject(options, title)
    record = capture(model, subject.picture.pixels, blocks=[block])[block]
    _require_super_tokens(record)
    own = model.config.num_iters[record.id.stage]
    iterations = own if options.iterations is None else options.iterations
    found = []
    for method in [method for method in METHODS if method in options.methods]:
        if method == "super":
            found.append(learned_grouping(record, iterations, own))
        else:
            labels = classical_labels(method, subject.picture.shown, record.grid, options.on)
            found.append(Grouping(method, METHODS[method], labels))
    return groupings_report(subject, record, found, iterations, options.on, options.drawing)


def what_if(options: argparse.Namespace) -> Report:
    """Run the model with another association."""
    model, title = chosen_model(options)
    block, subject = chosen_block(options, model), chosen_subject(options, title)
    learned = capture(model, subject.picture.pixels)
    variant = standard_variants(subject.picture.shown)[options.variant]
    outcome = outcome_of(options.variant, variant, learned, variant.run(model, subject.picture.pixels))
    return change_report(subject, learned[block], outcome, options.drawing)


def roll_out(options: argparse.Namespace) -> Report:
    """Roll attention out from a token, or from the pooled output if none is named."""
    model, title = chosen_model(options)
    block, subject = _start(options, model), chosen_subject(options, title)
    cap = capture(model, subject.picture.pixels)
    source = list(cap.values())[-1] if block is None else cap[block]
    anchor = None if block is None else (options.row, options.column)
    token = None if anchor is None else source.grid.token(*anchor)
    footprints = Footprints.of(model)
    used = footprints.without_depthwise() if options.no_convolutions else footprints
    weights = None if options.target is None else class_gradients(model, subject.picture.pixels, options.target)
    found = rollout(cap, used, source.id, token, weights=weights)
    words = rollout_options(options.target, not options.no_convolutions)
    return rollout_report(subject, found, source, anchor, words)


def steps(options: argparse.Namespace) -> Report:
    """Follow one token step by step."""
    model, title = chosen_model(options)
    block, subject = chosen_block(options, model), chosen_subject(options, title)
    record = capture(model, subject.picture.pixels, blocks=[block])[block]
    token = record.grid.token(options.row, options.column)
    found = lesson(record, token, options.head, model.config.num_iters[record.id.stage])
    return lesson_report(subject, record, found, options.head)


def redundancy(options: argparse.Namespace) -> Report:
    """Measure every block and head."""
    if options.matrix_attention not in options.attentions:
        raise ValueError(f"The matrix is of {options.matrix_attention!r}, which --attentions does not measure; add it.")
    model, title = chosen_model(options)
    block, subject = chosen_block(options, model), chosen_subject(options, title)
    cap = capture(model, subject.picture.pixels)
    table = ledger(cap, options.attentions, image_names=[subject.picture.source.name])
    record = cap[block]
    stride = subject.picture.framing.stride(record.grid)
    values = token_values(record, options.matrix_attention, options.matrix_metric, stride)
    mapped = None if values is None else of_head(values, options.head, record)
    matrix = Matrix(options.matrix_metric, options.matrix_attention, record, options.head, mapped)
    return redundancy_report(subject, cap, table, options.metrics, matrix)


def cost(options: argparse.Namespace) -> Report:
    """Count what one attention block costs, and measure it if asked."""
    model, title = chosen_model(options)
    stage = options.stage - 1
    if stage not in (0, 1):
        raise ValueError(f"Super tokens exist in stages 1 and 2, so these have a cost to compare; got {stage + 1}.")
    measured = time_table(model.config, stage) if options.measure else None
    return cost_report(title, stage, cost_table(model.config, COST_SIZES, (stage,)), measured)


def _start(options: argparse.Namespace, model: STViT) -> BlockId | None:
    """Return the block that a rollout starts from, None for the pooled output.

    Raises:
        ValueError: If only a part of a place is named, which would otherwise be ignored.
    """
    if options.row is not None and options.column is not None:
        return chosen_block(options, model)
    if any(part is not None for part in (options.row, options.column, options.stage, options.block)):
        raise ValueError("A rollout starts from a token, named by --row and --column, or from the pooled output, "
                         "for which --stage, --block, --row and --column are all left out.")  # fmt: skip
    return None


def _require_super_tokens(record: BlockRecord) -> None:
    if record.grid.is_identity:
        raise ValueError(f"{record.id.caption.capitalize()} has no super tokens (cell 1); choose stage 1 or 2.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m analysis.export", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    views = parser.add_subparsers(title="views", required=True, metavar="VIEW")
    shared = [picture_options(), model_options(), block_options()]

    def add(
        name: str, make: Callable[[argparse.Namespace], Report], *more: argparse.ArgumentParser
    ) -> argparse.ArgumentParser:
        view = views.add_parser(name, help=make.__doc__, description=make.__doc__, parents=[*more, out_options()])
        view.set_defaults(make=make)
        return view

    _add_groupings(add("groupings", groupings, *shared))
    _add_redundancy(add("redundancy", redundancy, *shared, head_options()))
    view = add("rollout", roll_out, *shared, anchor_options(required=False))
    view.add_argument("--class", type=int, dest="target", metavar="NUMBER", help="weigh by a class, counted from 0")
    view.add_argument("--no-convolutions", action="store_true", help="let convolutions inside blocks pass straight")
    view = add("what-if", what_if, *shared)
    view.add_argument("--variant", choices=VARIANTS, default="grid", help="put in place of the learned association")
    view.add_argument("--drawing", choices=DRAWINGS, default="boundaries")
    add("steps", steps, *shared, head_options(), anchor_options())
    view = add("cost", cost, model_options())
    view.add_argument("--stage", type=int, default=1, help="1 or 2")
    view.add_argument("--measure", action="store_true", help="measure times on this machine too, about half a minute")
    return parser


def _add_groupings(view: argparse.ArgumentParser) -> None:
    view.add_argument("--methods", nargs="+", choices=METHODS, default=["grid", "super", "slic"], metavar="NAME",
                      help=f"among {', '.join(METHODS)} (default: grid super slic)")  # fmt: skip
    view.add_argument("--on", choices=get_args(Resolution), default="token", help="what the classical methods see")
    view.add_argument("--iterations", type=int, help="of the learned sampling (default: the model's own)")
    view.add_argument("--drawing", choices=DRAWINGS, default="boundaries")


def _add_redundancy(view: argparse.ArgumentParser) -> None:
    names = ", ".join(CATALOGUE)
    view.add_argument("--attentions", nargs="+", choices=KINDS, default=["super", "global"], metavar="NAME",
                      help=f"among {', '.join(KINDS)} (default: super global)")  # fmt: skip
    view.add_argument("--metrics", nargs="*", choices=CATALOGUE, default=["entropy", "distance"], metavar="NAME",
                      help=f"to draw against depth (the numbers hold all), among {names}")  # fmt: skip
    heads = [name for name, metric in CATALOGUE.items() if metric.scope != "block"]
    view.add_argument("--matrix-metric", choices=heads, default="entropy", metavar="NAME",
                      help="to draw for every head (default: entropy)")  # fmt: skip
    view.add_argument("--matrix-attention", choices=KINDS, default="super", metavar="NAME",
                      help="whose heads (default: super)")  # fmt: skip
