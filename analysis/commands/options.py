"""What the command lines share: how a picture, a model, a block, a head and an anchor are named."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from analysis.reports.report import Report, Subject, suffix_of
from stvit import BlockId, STViT, create_model, load_pretrained
from stvit.error_text import sentence
from stvit.images import prepare
from stvit.images.samples import sample_images
from stvit.weights.load import model_from_file


def model_options() -> argparse.ArgumentParser:
    """Return the options that name a model."""
    parser = argparse.ArgumentParser(add_help=False)
    model = parser.add_mutually_exclusive_group()
    model.add_argument("--model", default="demo", help="name in pretrained/manifest.json (default: demo)")
    model.add_argument("--weights", type=Path, help="a weights file instead, ours or as released")
    model.add_argument("--random", metavar="VARIANT", help="random weights of a variant instead")
    return parser


def size_options() -> argparse.ArgumentParser:
    """Return the options that say how a picture is laid before the model."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--size", type=int, default=224, help="px (default: 224)")
    parser.add_argument("--framing", choices=("crop", "whole"), default="crop", help="centre crop or whole picture")
    return parser


def picture_options() -> argparse.ArgumentParser:
    """Return the options that name one picture."""
    parser = argparse.ArgumentParser(add_help=False, parents=[size_options()])
    picture = parser.add_mutually_exclusive_group(required=True)
    picture.add_argument("image", nargs="?", type=Path, help="a picture file")
    picture.add_argument("--sample", choices=sample_images(), help="a sample picture instead")
    return parser


def block_options() -> argparse.ArgumentParser:
    """Return the options that name a block; None, where they are left out, stands for the first."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--stage", type=int, help="counted from 1 (default: 1)")
    parser.add_argument("--block", type=int, help="counted from 1 (default: 1)")
    return parser


def head_options() -> argparse.ArgumentParser:
    """Return the options that name a head."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--head", type=_head, default=None, metavar="NUMBER", help="counted from 1, or mean")
    return parser


def anchor_options(required: bool = True) -> argparse.ArgumentParser:
    """Return the options that name a token."""
    parser = argparse.ArgumentParser(add_help=False)
    for name in ("row", "column"):
        parser.add_argument(f"--{name}", type=int, required=required, help="of the anchor, counted from 0")
    return parser


def out_options() -> argparse.ArgumentParser:
    """Return the option that names the file to write."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--out", type=Path, required=True, help="file to write: png, svg, pdf, csv or npz")
    return parser


def chosen_model(options: argparse.Namespace) -> tuple[STViT, str]:
    """Return the model and what to call it.

    Raises:
        ValueError: If the weights cannot be used.
        LookupError: If there is no such model.
        OSError: If the file cannot be read.
    """
    if options.weights:
        return model_from_file(options.weights), options.weights.name
    if options.random:
        return create_model(options.random, seed=0).eval(), f"{options.random}, random weights"
    return load_pretrained(options.model), options.model


def chosen_block(options: argparse.Namespace, model: STViT) -> BlockId:
    """Return the block that was named, and check the head too where the command has one.

    Raises:
        ValueError: If the model has no such block or head; the message counts from 1, as the options do.
    """
    stage, block = (1 if number is None else number for number in (options.stage, options.block))
    depths, heads = model.config.depths, model.config.num_heads
    found = BlockId(stage - 1, block - 1)
    if found not in model.blocks():
        raise ValueError(
            f"There is no block {block} in a stage {stage}; this model has "
            f"{', '.join(map(str, depths))} blocks in stages 1 to {len(depths)}."
        )
    head = getattr(options, "head", None)
    if head is not None and not 0 <= head < heads[stage - 1]:
        raise ValueError(f"Head {head + 1} does not exist; {found.caption} has heads 1 to {heads[stage - 1]}, or mean.")
    return found


def chosen_subject(options: argparse.Namespace, model: str) -> Subject:
    """Return the picture as a model sees it.

    Raises:
        ValueError: If there is no such picture, or it cannot be used at this size.
    """
    source = sample_images()[options.sample]() if options.sample else options.image
    return Subject(model, prepare(source, options.size, mode=options.framing), options.framing)


def write_report(options: argparse.Namespace, make: Callable[[argparse.Namespace], Report]) -> int:
    """Write one report to `options.out` and return the exit status; what goes wrong is one sentence."""
    try:
        suffix = suffix_of(options.out)
        options.out.parent.mkdir(parents=True, exist_ok=True)  # before the work, which would be lost
        options.out.write_bytes(make(options).content(suffix))
    except (ValueError, LookupError, OSError) as error:
        print(sentence(error), file=sys.stderr)
        return 1
    print(f"Wrote {options.out}.")
    return 0


def _head(text: str) -> int | None:
    if text == "mean":
        return None
    try:
        return int(text) - 1
    except ValueError:
        raise argparse.ArgumentTypeError(f"a head is a number counted from 1, or mean, got {text!r}") from None
