"""python -m analysis.anchor IMAGE --stage 1 --block 1 --row 22 --column 24 --out FILE: the maps around one token.

The ending of FILE says what is written: png, svg or pdf a figure, csv or npz the numbers. The app's export names the
command that makes the same figure again.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from analysis.anchor_maps import AnchorMap, anchor_maps
from analysis.anchor_tables import write_numbers
from analysis.figures.anchor_paper import Figure, anchor_figure
from stvit import BlockId, BlockRecord, STViT, capture, create_model, load_pretrained
from stvit.images import PreparedImage, prepare
from stvit.sample_images import sample_images
from stvit.weights import model_from_file

FIGURES = (".png", ".svg", ".pdf")
NUMBERS = (".csv", ".npz")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        _write(options)
    except (ValueError, LookupError, OSError) as error:
        print(error.args[0] if isinstance(error, KeyError) else error, file=sys.stderr)
        return 1
    print(f"Wrote {options.out}.")
    return 0


def figure_of(
    picture: PreparedImage, record: BlockRecord, maps: Sequence[AnchorMap], token: int, head: int | None, model: str
) -> Figure:
    """Return the figure with its settings as caption."""
    row, column = record.grid.position(token)
    heads = "mean over heads" if head is None else f"head {head + 1}"
    caption = f"{model}, {picture.source.name}, {record.id.caption}, {heads}, anchor ({row}, {column})"
    return anchor_figure(
        picture.shown,
        [(found.title, found.quantity, found.values) for found in maps],
        (row, column),
        token_pixels=picture.framing.stride(record.grid),
        caption=caption,
    )


def _write(options: argparse.Namespace) -> None:
    suffix = options.out.suffix.lower()
    if suffix not in FIGURES + NUMBERS:
        known = ", ".join(FIGURES + NUMBERS)
        raise ValueError(f"Cannot write {suffix or 'a file without ending'}; let --out end in {known}.")
    model, title = _model(options)
    source = sample_images()[options.sample]() if options.sample else options.image
    picture = prepare(source, options.size, mode=options.framing)
    block = BlockId(options.stage - 1, options.block - 1)
    record = capture(model, picture.pixels, blocks=[block])[block]
    head = None if options.head == "mean" else int(options.head) - 1
    token = record.grid.token(options.row, options.column)
    maps = list(anchor_maps(record, head, token, picture.framing.stride(record.grid)))
    if suffix in FIGURES:
        figure_of(picture, record, maps, token, head, title).savefig(options.out, dpi=300)
    else:
        write_numbers(options.out, maps)


def _model(options: argparse.Namespace) -> tuple[STViT, str]:
    if options.weights:
        return model_from_file(options.weights), options.weights.name
    if options.random:
        return create_model(options.random, seed=0).eval(), f"{options.random}, random weights"
    return load_pretrained(options.model), options.model


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m analysis.anchor", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    picture = parser.add_mutually_exclusive_group(required=True)
    picture.add_argument("image", nargs="?", type=Path, help="a picture file")
    picture.add_argument("--sample", choices=sample_images(), help="a sample picture instead")
    model = parser.add_mutually_exclusive_group()
    model.add_argument("--model", default="demo", help="name in pretrained/manifest.json (default: demo)")
    model.add_argument("--weights", type=Path, help="a weights file instead")
    model.add_argument("--random", metavar="VARIANT", help="random weights of a variant instead")
    parser.add_argument("--size", type=int, default=224, help="px (default: 224)")
    parser.add_argument("--framing", choices=("crop", "whole"), default="crop")
    parser.add_argument("--stage", type=int, default=1, help="counted from 1")
    parser.add_argument("--block", type=int, default=1, help="counted from 1")
    parser.add_argument("--head", default="mean", help="counted from 1, or mean")
    parser.add_argument("--row", type=int, required=True, help="of the anchor, counted from 0")
    parser.add_argument("--column", type=int, required=True, help="of the anchor, counted from 0")
    parser.add_argument("--out", type=Path, required=True, help="file to write: png, svg, pdf, csv or npz")
    return parser
