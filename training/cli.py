"""Commands: train, evaluate, export."""

import argparse
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from stvit.error_text import sentence
from training.cache import CORRUPT, open_cache
from training.checkpoint import LAST, load_checkpoint
from training.config import TrainingConfig
from training.presets import PRESETS, get_preset


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
    "epochs": int,
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
    "init": str,
    "time_budget": float,
}
"""Settings that have a flag of their own, with their types."""

FIXED = ("batch_size", "lr", "precision", "seed", "init")
"""Settings that a resumed run cannot change, for what is done depends on them."""


def main(arguments: list[str] | None = None) -> None:
    """Run a command; expected errors become one sentence and exit status 2."""
    options = build_parser().parse_args(arguments)
    try:
        options.run(options)
    except KeyboardInterrupt as error:
        print("interrupted; continue a training with --resume", file=sys.stderr)
        raise SystemExit(130) from error
    except (ValueError, KeyError, OSError, FloatingPointError) as error:
        print(f"error: {sentence(error)}", file=sys.stderr)
        raise SystemExit(2) from error


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(prog="python -m training", description="Train STViT and measure checkpoints.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_training(commands.add_parser("train", help="train, or resume with --resume"))
    _add_evaluation(commands.add_parser("evaluate", help="top-1 and top-5 of a checkpoint"))
    _add_export(commands.add_parser("export", help="averaged weights of a run as float16 safetensors"))
    return parser


def _add_training(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=run_training)
    parser.add_argument("--preset", choices=PRESETS, default="demo")
    parser.add_argument("--data", type=Path, required=True, help="image folder, or tar of one, with train/ and val/")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoint, metrics and figure")
    parser.add_argument("--cache", type=Path, help="folder for decoded images (default: 'cache' beside OUT)")
    parser.add_argument("--cache-size", type=int, help="side of decoded images in pixels (default: the largest needed)")
    parser.add_argument("--resume", action="store_true", help="continue the run in OUT; flags replace its settings")
    _add_common(parser)
    for name, kind in FLAGS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, help="replaces the preset's setting")


def _add_evaluation(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=run_evaluation)
    parser.add_argument("checkpoint", help="name in pretrained/manifest.json, file of weights, or folder of a run")
    parser.add_argument("--data", type=Path, required=True, help="image folder, or tar of one")
    parser.add_argument(
        "--split", default="val", help='folder with the class folders inside DATA ("" if DATA has them)'
    )
    parser.add_argument("--size", type=int, default=224, help="side of the images in pixels")
    parser.add_argument("--batch-size", type=int, default=32)
    _add_common(parser)


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=run_export)
    parser.add_argument("run_folder", type=Path, metavar="RUN", help="folder of a run, or its checkpoint")
    parser.add_argument("--out", type=Path, required=True, help="file to write, ending in .safetensors")


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--corrupt", choices=CORRUPT, default="fatal", help="what to do about corrupt images")
    parser.add_argument("--quiet", action="store_true", help="no progress bars")


def run_training(options: argparse.Namespace) -> None:
    """Train a preset with the flags' changes, or resume the run in the output folder."""
    from training.curves import save_curves
    from training.loop import METRICS, Trainer
    from training.metrics import read_metrics

    config = choose_config(options)
    size = options.cache_size or max(config.evaluation_size, *(side for _, side in config.sizes))
    folder = options.cache or options.out.parent / "cache"
    train, val = (
        open_cache(options.data, split, size, folder, options.corrupt, not options.quiet) for split in ("train", "val")
    )
    with closing(Trainer(config, train, val, options.out, not options.quiet)) as trainer:
        if options.resume:
            trainer.resume()
        trainer.run()
        if trainer.accelerator.is_main_process:
            save_curves(read_metrics(options.out / METRICS), options.out / "curves.png")


def choose_config(options: argparse.Namespace) -> TrainingConfig:
    """Return the settings: of the preset, or of the run to resume, with the flags that were given.

    Raises:
        ValueError: If a new run would overwrite one, or a resumed one would change what it cannot.
    """
    changes = {name: getattr(options, name) for name in FLAGS if getattr(options, name) is not None}
    last = options.out / LAST
    if options.resume:
        return _resumed(TrainingConfig.from_json(load_checkpoint(last)["training_config"]), changes)
    if last.exists():
        raise ValueError(f"{options.out} already holds a run; add --resume to continue it, or choose another --out.")
    return get_preset(options.preset, **changes)


def _resumed(config: TrainingConfig, changes: dict[str, Any]) -> TrainingConfig:
    for name in FIXED:
        if name in changes and changes[name] != getattr(config, name):
            raise ValueError(
                f"A resumed run keeps its {name} ({getattr(config, name)}), got {changes[name]}; leave the flag out, "
                "or start a new run."
            )
    return replace(config, **changes)


def run_evaluation(options: argparse.Namespace) -> None:
    """Print top-1 and top-5, and the paper's table for its models."""
    import torch

    from training.evaluate import load_any, measure
    from training.paper_table import format_table, variant_of

    model = load_any(options.checkpoint).to("cuda" if torch.cuda.is_available() else "cpu")
    accuracy = measure(
        model,
        options.data,
        options.split or None,
        options.size,
        corrupt=options.corrupt,
        batch_size=options.batch_size,
        progress=not options.quiet,
    )
    print(f"top-1 {accuracy.top1:.2f} %, top-5 {accuracy.top5:.2f} % of {accuracy.images} images at {options.size} px")
    if accuracy.skipped:
        print(f"skipped {len(accuracy.skipped)} corrupt images: {', '.join(accuracy.skipped[:10])}")
    if variant_of(model.config):
        print(format_table(model.config, options.size, accuracy.top1, accuracy.top5))


def run_export(options: argparse.Namespace) -> None:
    """Write the averaged weights of a run and say what was written."""
    from stvit.atomic_files import file_digest
    from training.export import export

    checkpoint = options.run_folder / LAST if options.run_folder.is_dir() else options.run_folder
    model = export(checkpoint, options.out)
    size = options.out.stat().st_size / 1e6
    print(f"{options.out}: {size:.2f} MB, {model.config.num_classes} classes, sha256 {file_digest(options.out)}")
