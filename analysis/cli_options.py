"""What the command lines share: how a picture, a model, a block, a head and an anchor are named."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from analysis.reports.report import Report, Subject, suffix_of
from stvit import STViT, create_model, load_pretrained
from stvit.images import prepare
from stvit.sample_images import sample_images
from stvit.weights import model_from_file


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
    """Return the options that name a block."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--stage", type=int, default=1, help="counted from 1")
    parser.add_argument("--block", type=int, default=1, help="counted from 1")
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
        options.out.write_bytes(make(options).content(suffix))
    except (ValueError, LookupError, OSError) as error:
        print(sentence(error), file=sys.stderr)
        return 1
    print(f"Wrote {options.out}.")
    return 0


def sentence(error: Exception) -> str:
    """Return what an error says; a KeyError's own text would be in quotes."""
    return str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)


def _head(text: str) -> int | None:
    if text == "mean":
        return None
    try:
        return int(text) - 1
    except ValueError:
        raise argparse.ArgumentTypeError(f"a head is a number counted from 1, or mean, got {text!r}") from None
