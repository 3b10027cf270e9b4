"""Commands: train, twins, evaluate, ablate, export."""

import argparse
import math
import sys
from contextlib import closing
from dataclasses import replace
from typing import Any

import torch

from stvit.error_text import counted, listed, sentence
from stvit.foreign_text import plain
from stvit.images.model_input import CROP_FRACTION
from training.arguments import FLAGS, TWIN_FLAGS, add_ablation, add_evaluation, add_export, add_training, add_twins
from training.bars import open_bar
from training.cache import ImageCache, open_cache
from training.checkpoint import LAST, config_of, load_checkpoint
from training.config import TrainingConfig
from training.presets import TWIN_PHASES, get_preset

LEAST_CACHE = 256
"""Least shorter side, in pixels, to which pictures are reduced unless asked for."""

FIXED = ("model", "batch_size", "lr", "precision", "seed", "init")
"""Settings that a resumed run cannot change, because the steps it has done depend on them."""


def main(arguments: list[str] | None = None) -> None:
    """Run a command; expected errors become one sentence and exit status 2."""
    options = build_parser().parse_args(arguments)
    try:
        options.run(options)
    except KeyboardInterrupt:
        print("interrupted; a training continues with --resume, twins with the same command", file=sys.stderr)
        raise SystemExit(130) from None
    except (ValueError, KeyError, OSError, FloatingPointError) as error:
        print(f"error: {sentence(error)}", file=sys.stderr)
        raise SystemExit(2) from error
    except ModuleNotFoundError as error:
        print(f"error: This needs {error.name}; install it with `pip install {error.name}`.", file=sys.stderr)
        raise SystemExit(2) from error
    except (MemoryError, torch.OutOfMemoryError) as error:
        print("error: The memory is used up; lower the batch size or the image size.", file=sys.stderr)
        raise SystemExit(2) from error


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(prog="python -m training", description="Train STViT and measure checkpoints.")
    parsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, words, add, run in (
        ("train", "train, or resume with --resume", add_training, run_training),
        ("twins", "train the four twins alike, or continue where they stand", add_twins, run_twins),
        ("evaluate", "top-1 and top-5 of a checkpoint", add_evaluation, run_evaluation),
        ("ablate", "evaluate checkpoints with parts of the sampling changed", add_ablation, run_ablation),
        ("export", "averaged weights of a run as float16 safetensors", add_export, run_export),
    ):
        command = parsers.add_parser(name, help=words)
        command.set_defaults(run=run)
        add(command)
    return parser


def run_training(options: argparse.Namespace) -> None:
    """Train a preset with the flags' changes, or resume the run in the output folder."""
    from training.curves import save_curves
    from training.loop import METRICS, Trainer
    from training.metrics import read_metrics

    config = choose_config(options)
    train, val = open_caches(options, config)
    with closing(Trainer(config, train, val, options.out, not options.quiet)) as trainer:
        if options.resume:
            trainer.resume()
        trainer.run()
        if trainer.accelerator.is_main_process:
            save_curves(read_metrics(options.out / METRICS), options.out / "curves.png")


def open_caches(options: argparse.Namespace, config: TrainingConfig) -> tuple[ImageCache, ImageCache]:
    """Open the decoded images of both splits, decoding them if they are not there yet."""
    largest = max(config.evaluation_size, *(side for _, side in config.sizes))
    size = max(LEAST_CACHE, math.ceil(largest / CROP_FRACTION)) if options.cache_size is None else options.cache_size
    folder = options.cache or options.out.parent / "cache"
    train, val = (
        open_cache(options.data, split, size, folder, options.corrupt, not options.quiet) for split in ("train", "val")
    )
    return train, val


def run_twins(options: argparse.Namespace) -> None:
    """Train the four twins by one recipe, each in its own process, and write their averaged weights."""
    from training.twins import train_twins

    given = {name: getattr(options, name) for name in TWIN_FLAGS if getattr(options, name) is not None}
    lengths = [{"epochs": count, "last_epoch": count} for count in options.epochs or ()] or [{}] * len(TWIN_PHASES)
    changes = [given | length for length in lengths]
    config = get_preset(TWIN_PHASES[0], **changes[0])
    if options.jobs is not None and options.jobs < 1:
        raise ValueError(f"jobs must be at least 1, got {options.jobs}.")
    open_caches(options, config)  # once, before the twins look for them
    passed = ["--data", str(options.data), "--corrupt", options.corrupt, "--quiet"]
    for name in ("cache", "cache_size"):
        if getattr(options, name) is not None:
            passed += [f"--{name.replace('_', '-')}", str(getattr(options, name))]
    for line in train_twins(options.only, changes, passed, options.out, options.jobs):
        print(line, flush=True)


def choose_config(options: argparse.Namespace) -> TrainingConfig:
    """Return the settings: of the preset, or of the run to resume, with the flags that were given.

    Raises:
        ValueError: If a new run would overwrite one, or a resumed one would change what it cannot.
    """
    changes = {name: getattr(options, name) for name in FLAGS if getattr(options, name) is not None}
    if options.out.is_file():
        raise ValueError(f"{options.out} is a file, expected a folder for the run; choose another --out.")
    last = options.out / LAST
    if options.resume:
        return _resumed(config_of(load_checkpoint(last)), changes)
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
    images = counted(accuracy.images, "image")
    print(f"top-1 {accuracy.top1:.2f} %, top-5 {accuracy.top5:.2f} % of {images} at {options.size} px")
    if accuracy.skipped:
        print(f"skipped {counted(len(accuracy.skipped), 'corrupt image')}: {listed(accuracy.skipped, 10)}")
    if variant_of(model.config):
        print(format_table(model.config, options.size, accuracy.top1, accuracy.top5))


def run_ablation(options: argparse.Namespace) -> None:
    """Evaluate checkpoints with parts of the sampling changed, and write ablation.md and ablation.csv."""
    from stvit.atomic_files import write_atomically
    from training.ablation.run import Pictures, ablate
    from training.ablation.table import markdown
    from training.evaluate import load_any

    models = {name: load_any(name).eval() for name in options.checkpoints}
    pictures = Pictures(options.data, options.split or None, options.every, options.size, options.batch_size)
    text = ""
    with open_bar(not options.quiet, desc="ablating", unit="batch") as bar:
        for progress in ablate(models, pictures, options.out):
            bar.total, bar.n = progress.total, progress.done
            bar.refresh()
            # After each batch, so that a run that is killed leaves the tables of its pictures.
            text = markdown(progress.summary)
            write_atomically(options.out / "ablation.csv", progress.summary.to_csv(index=False).encode())
            write_atomically(options.out / "ablation.md", text.encode())
    print(text)


def run_export(options: argparse.Namespace) -> None:
    """Write the averaged weights of a run and say what was written."""
    from stvit.atomic_files import file_digest
    from training.export import export

    checkpoint = options.run_folder / LAST if options.run_folder.is_dir() else options.run_folder
    model = export(checkpoint, options.out)
    size = options.out.stat().st_size / 1e6
    classes = counted(model.config.num_classes, "class", "classes")
    print(f"{plain(options.out, 200)}: {size:.2f} MB, {classes}, sha256 {file_digest(options.out)}")
