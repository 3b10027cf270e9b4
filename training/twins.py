"""Train the twins side by side: one process each, one recipe, one seed, one order of pictures."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import torch

from training.checkpoint import LAST, config_of, load_checkpoint
from training.export import export
from training.loop import METRICS
from training.metrics import read_metrics
from training.presets import CONTINUING, TWIN_PHASES

LOG = "log.txt"
"""What the process of a run says, in its folder."""


Process: TypeAlias = subprocess.Popen[bytes]


def train_twins(
    names: Sequence[str],
    changes: Sequence[Mapping[str, Any]],
    passed: Sequence[str],
    out: Path,
    jobs: int | None = None,
) -> Iterator[str]:
    """Train twins, or resume them where they stopped, and write their weights as OUT/NAME.safetensors.

    A twin passes through `TWIN_PHASES`; each phase but the first begins with the last weights (not the averaged ones)
    of the one before.

    Args:
        names: Which twins.
        changes: Settings to replace in each phase's preset, the same for all twins.
        passed: Further arguments of `python -m training train`.
        out: Folder; each run lies in OUT/NAME/PHASE.
        jobs: Twins at a time; None is all of them on a GPU and one on a CPU.

    Yields:
        A sentence for each twin that is done.

    Raises:
        ValueError: If a twin failed; the others finish training first.
    """
    at_once = jobs or (len(names) if torch.cuda.is_available() else 1)
    failed: list[Path] = []
    waiting = [(name, _first_phase(name, changes, out)) for name in names]
    running = dict[tuple[str, int], Process]()
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                run = waiting.pop(0)
                running[run] = _start(*run, changes, passed, out)
            name, phase = ended = _first_ended(running)
            if running.pop(ended).returncode:
                failed.append(_folder(out, name, phase))
            elif phase + 1 < len(TWIN_PHASES):
                waiting.insert(0, (name, phase + 1))
            else:
                yield _finish(name, out)
    finally:
        for process in running.values():
            process.terminate()
    if failed:
        raise ValueError(
            f"Training {', '.join(folder.parent.name for folder in failed)} failed ({_last_line(failed[0] / LOG)}); "
            f"see {failed[0] / LOG}, and give the same command again to continue."
        )


def _first_phase(name: str, changes: Sequence[Mapping[str, Any]], out: Path) -> int:
    """Return the first phase that is not complete, or the last."""
    for phase, wanted in enumerate(changes[:-1]):
        last = _folder(out, name, phase) / LAST
        state = load_checkpoint(last) if last.exists() else None
        if state is None or state["position"][0] < replace(config_of(state), **wanted).run_epochs:
            return phase
    return len(changes) - 1


def _folder(out: Path, name: str, phase: int) -> Path:
    return out / name / TWIN_PHASES[phase]


def _start(name: str, phase: int, changes: Sequence[Mapping[str, Any]], passed: Sequence[str], out: Path) -> Process:
    folder = _folder(out, name, phase)
    folder.mkdir(parents=True, exist_ok=True)
    options = ["--resume"] if (folder / LAST).exists() else _beginning(name, phase, out)
    for setting, value in changes[phase].items():
        options += [f"--{setting.replace('_', '-')}", str(value)]
    command = [sys.executable, "-m", "training", "train", "--out", str(folder), *passed, *options]
    cache = [] if "--cache" in passed else ["--cache", str(out.parent / "cache")]
    with (folder / LOG).open("ab") as log:
        return subprocess.Popen([*command, *cache], stdout=log, stderr=log, env=os.environ | {"PYTHONUNBUFFERED": "1"})


def _beginning(name: str, phase: int, out: Path) -> list[str]:
    """Return the arguments that begin a phase."""
    init = ["--init", str(_folder(out, name, phase - 1) / LAST)] if TWIN_PHASES[phase] in CONTINUING else []
    return ["--preset", TWIN_PHASES[phase], "--model", name, *init]


def _first_ended(running: Mapping[tuple[str, int], Process]) -> tuple[str, int]:
    """Wait until a process ends and return which."""
    while True:
        for run, process in running.items():
            try:
                process.wait(0.2)
                return run
            except subprocess.TimeoutExpired:
                continue


def _finish(name: str, out: Path) -> str:
    """Write the averaged weights of the last phase and say how it ended."""
    path, runs = out / f"{name}.safetensors", [_folder(out, name, phase) for phase in range(len(TWIN_PHASES))]
    export(runs[-1] / LAST, path)
    rows = [read_metrics(run / METRICS)[-1] for run in runs]
    epochs = " + ".join(str(row["epoch"] + 1) for row in rows)
    return (
        f"{path}: {rows[-1]['val_top1']:.2f} % top-1 on whole images of {rows[-1]['val_size']} px after {epochs} epochs"
    )


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return lines[-1].removeprefix("error: ").rstrip(".") if lines else "it said nothing"
