"""What each command takes on its command line."""

import argparse
from collections.abc import Iterable
from typing import Any

from analysis.commands.settings import filled, path
from stvit.variants import TWINS
from training.cache import CORRUPT
from training.presets import PRESETS, TWIN_PHASES


def parse_sizes(text: str) -> tuple[tuple[float, int], ...]:
    """Parse "0:96,0.6:128" into ((0.0, 96), (0.6, 128)).

    Raises:
        argparse.ArgumentTypeError: If the text is not of that form.
    """
    try:
        pairs = [part.split(":") for part in text.split(",")]
        return tuple((float(start), int(side)) for start, side in pairs)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"expected pairs like 0:96,0.6:128, got {text!r}") from error


FLAGS: dict[str, Any] = {
    "model": str,
    "epochs": int,
    "last_epoch": int,
    "batch_size": int,
    "lr": float,
    "sizes": parse_sizes,
    "evaluation_size": int,
    "evaluate_every": int,
    "checkpoint_every": int,
    "precision": str,
    "threads": int,
    "workers": int,
    "seed": int,
    "init": filled,
    "time_budget": float,
}
"""Settings that have a flag of their own, with their types."""

TWIN_FLAGS = ("batch_size", "checkpoint_every", "precision", "threads", "seed")
"""Settings of all twins, in both phases, that have a flag."""


def add_training(parser: argparse.ArgumentParser) -> None:
    """Add what `train` takes."""
    parser.add_argument("--preset", choices=PRESETS, default="demo")
    parser.add_argument("--resume", action="store_true", help="continue the run in OUT; flags replace its settings")
    _add_data(parser, "folder for checkpoint, metrics and figure")
    _add_common(parser)
    _add_flags(parser, FLAGS)


def add_twins(parser: argparse.ArgumentParser) -> None:
    """Add what `twins` takes."""
    parser.add_argument("--only", nargs="+", choices=TWINS, default=TWINS, metavar="TWIN", help=", ".join(TWINS))
    parser.add_argument("--jobs", type=int, help="twins trained at a time (default: all on a GPU, else one)")
    _add_data(parser, "folder for a run and a file of weights for each twin")
    _add_common(parser)
    _add_flags(parser, TWIN_FLAGS)
    parser.add_argument(
        "--epochs",
        nargs=len(TWIN_PHASES),
        type=int,
        metavar="N",
        help="whole schedules of as many epochs for the phases",
    )


def _add_data(parser: argparse.ArgumentParser, out: str) -> None:
    parser.add_argument("--data", type=path, required=True, help="image folder, or tar of one, with train/ and val/")
    parser.add_argument("--out", type=path, required=True, help=out)
    parser.add_argument("--cache", type=path, help="folder for decoded images (default: 'cache' beside OUT)")
    parser.add_argument(
        "--cache-size",
        type=int,
        help="shorter side of decoded images in pixels (default: 8/7 of the largest needed, 256 or more)",
    )


def _add_flags(parser: argparse.ArgumentParser, names: Iterable[str]) -> None:
    for name in names:
        flag = f"--{name.replace('_', '-')}"
        parser.add_argument(flag, type=FLAGS[name], help="replaces the preset's setting")


def add_evaluation(parser: argparse.ArgumentParser) -> None:
    """Add what `evaluate` takes."""
    parser.add_argument(
        "checkpoint", type=filled, help="name in pretrained/manifest.json, file of weights, or folder of a run"
    )
    _add_labelled(parser)
    _add_common(parser)


def _add_labelled(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=path, required=True, help="image folder, or tar of one")
    parser.add_argument(
        "--split", default="val", help='folder with the class folders inside DATA ("" if DATA has them)'
    )
    parser.add_argument("--size", type=int, default=224, help="side of the images in pixels")
    parser.add_argument("--batch-size", type=int, default=32)


def add_ablation(parser: argparse.ArgumentParser) -> None:
    """Add what `ablate` takes."""
    parser.add_argument(
        "checkpoints",
        type=filled,
        nargs="*",
        default=["demo", "twin-super"],
        help="as for evaluate, with super tokens (default: demo and twin-super)",
    )
    _add_labelled(parser)
    parser.add_argument("--out", type=path, required=True, help="folder for the results; the same command continues")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every N-th picture")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def add_export(parser: argparse.ArgumentParser) -> None:
    """Add what `export` takes."""
    parser.add_argument("run_folder", type=path, metavar="RUN", help="folder of a run, or its checkpoint")
    parser.add_argument("--out", type=path, required=True, help="file to write, ending in .safetensors")


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--corrupt", choices=CORRUPT, default="fatal", help="what to do about corrupt images")
    parser.add_argument("--quiet", action="store_true", help="no progress bars")
