"""Train the twins side by side: one process each, one recipe, one seed, one order of pictures."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from training.checkpoint import LAST
from training.export import export
from training.loop import METRICS
from training.metrics import read_metrics

LOG = "log.txt"
"""What a twin's process says, in the folder of its run."""


def train_twins(
    names: Sequence[str], changes: Mapping[str, Any], passed: Sequence[str], out: Path, jobs: int | None = None
) -> Iterator[str]:
    """Train twins, or continue where they stand, and write their weights as OUT/NAME.safetensors.

    Args:
        names: Which twins.
        changes: Settings of the preset to replace, alike for all; a run that stands already keeps its own but for
            the epochs.
        passed: Further arguments of `python -m training train`.
        out: Folder; each run lies in OUT/NAME.
        jobs: Twins at a time; None is all of them on a GPU and one on a CPU.

    Yields:
        A sentence for each twin that is done.

    Raises:
        ValueError: If a twin failed; the others are trained to their end first.
    """
    at_once = jobs or (len(names) if torch.cuda.is_available() else 1)
    failed = []
    waiting, running = list(names), dict[str, subprocess.Popen[bytes]]()
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                name = waiting.pop(0)
                running[name] = _start(name, changes, passed, out / name)
            name = _first_ended(running)
            if running.pop(name).returncode:
                failed.append(name)
            else:
                yield _finish(name, out)
    finally:
        for process in running.values():
            process.terminate()
    if failed:
        raise ValueError(
            f"Training {', '.join(failed)} failed ({_last_line(out / failed[0] / LOG)}); see {LOG} in its folder, and "
            "give the same command again to continue."
        )


def _start(name: str, changes: Mapping[str, Any], passed: Sequence[str], folder: Path) -> "subprocess.Popen[bytes]":
    folder.mkdir(parents=True, exist_ok=True)
    stands = (folder / LAST).exists()
    options = ["--resume"] if stands else ["--preset", "twins", "--model", name]
    for setting, value in changes.items():
        options += [f"--{setting.replace('_', '-')}", str(value)]
    command = [sys.executable, "-m", "training", "train", "--out", str(folder), *passed, *options]
    cache = [] if "--cache" in passed else ["--cache", str(folder.parent.parent / "cache")]
    with (folder / LOG).open("ab") as log:
        return subprocess.Popen([*command, *cache], stdout=log, stderr=log, env=os.environ | {"PYTHONUNBUFFERED": "1"})


def _first_ended(running: Mapping[str, "subprocess.Popen[bytes]"]) -> str:
    """Wait until a process ends and return its name."""
    while True:
        for name, process in running.items():
            try:
                process.wait(0.2)
                return name
            except subprocess.TimeoutExpired:
                continue


def _finish(name: str, out: Path) -> str:
    """Write the averaged weights of a run and say how it ended."""
    path = out / f"{name}.safetensors"
    export(out / name / LAST, path)
    row = read_metrics(out / name / METRICS)[-1]
    return (
        f"{path}: {row['val_top1']:.2f} % top-1 on whole images of {row['val_size']} px after {row['epoch'] + 1} epochs"
    )


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return lines[-1].removeprefix("error: ").rstrip(".") if lines else "it said nothing"
