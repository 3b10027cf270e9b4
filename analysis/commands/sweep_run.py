"""The run of `python -m analysis sweep`."""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from analysis.any_model import DEFAULT_SIZE, AnyModel, classes_of, digest_of, has_super_tokens
from analysis.attention.kinds import own_title
from analysis.commands.choices import AnyModelChoice
from analysis.commands.measure_run import name_left_out
from analysis.commands.settings import read
from analysis.commands.subjects import chosen_any_model
from analysis.commands.sweep import SweepChoice, SweepFiles
from analysis.many_pictures.own_files import OwnFiles
from analysis.many_pictures.progress import Progress
from analysis.redundancy.row_sample import LEAST_ANCHORS
from analysis.sweeps.items import Item
from analysis.sweeps.job import Job, Report, SweepSettings, batches
from analysis.sweeps.join import MeasuredPicture, Results, write_results
from analysis.sweeps.labels import labels_of
from analysis.sweeps.local import run_locally
from analysis.sweeps.on_ray import run_on_ray
from analysis.sweeps.publish import joining_folder
from analysis.sweeps.remote import check_writable, place_of
from analysis.sweeps.sources import find_items
from analysis.sweeps.store import SweepStore
from stvit import STViT, __version__
from stvit.error_text import counted
from stvit.foreign_text import plain
from stvit.images.framing import check_size

NAMED_ERRORS = 10
"""So many pictures that cannot be measured are named; errors.csv has all."""


def run(parsed: argparse.Namespace) -> int:
    """Measure a dataset and join what was measured.

    Returns:
        0 if at least one picture was measured or this part has none, else 1.

    Raises:
        ValueError: If a number, the data or the weights cannot be used.
        LookupError: If there is no such model.
        SweepError: If the sweep had to end; what was measured is kept.
        OSError: If a file or folder cannot be read or written.
    """
    files, which, choice = read(SweepFiles, parsed), read(AnyModelChoice, parsed), read(SweepChoice, parsed)
    _check(files, choice)
    out = place_of(files.out)
    items, left_out = find_items(files.data, out if isinstance(out, Path) else None)
    name_left_out(left_out)
    wanted = items[:: files.every]
    own = wanted if files.part is None else files.part.share(wanted)
    if not own:
        print(f"There is nothing to measure among {counted(len(wanted), 'picture')}.")
        return 0 if wanted else 1
    model, title = chosen_any_model(which)
    if isinstance(out, Path):
        out.mkdir(parents=True, exist_ok=True)
    job = _job(files, which, choice, model)
    reports = _measured(job, files, own)
    return _finish(files, job, model, title, items, reports)


def load(which: AnyModelChoice) -> AnyModel:
    """Return the model that was chosen."""
    return chosen_any_model(which)[0]


def _absolute(which: AnyModelChoice) -> AnyModelChoice:
    """Name files by their whole paths: workers of a cluster started in other folders."""
    weights, backbone = (path and path.absolute() for path in (which.weights, which.backbone))
    return replace(which, weights=weights, backbone=backbone)


def _check(files: SweepFiles, choice: SweepChoice) -> None:
    _check_addresses(files)
    if choice.size is not None:
        check_size(choice.size)
    if choice.anchors is not None and choice.anchors < LEAST_ANCHORS:
        raise ValueError(f"--anchors is at least {LEAST_ANCHORS}, or all; got {choice.anchors}.")
    if files.every < 1:
        raise ValueError(f"Every N-th picture needs an N of at least 1, got {files.every}.")
    if files.batch < 1:
        raise ValueError(f"--batch is at least 1, got {files.batch}.")
    if files.workers is not None and files.workers < (files.engine == "ray"):
        raise ValueError(f"--workers is a number of processes, got {files.workers}.")
    if files.address is not None and files.engine != "ray":
        raise ValueError("--address belongs to a Ray cluster; add --engine ray.")


def _check_addresses(files: SweepFiles) -> None:
    check_writable(files.out)
    in_memory = [text for text in (files.out, *files.data) if text.startswith("memory://")]
    if in_memory and (files.engine == "ray" or files.workers != 0):
        raise ValueError(f"{plain(in_memory[0], 200)} exists in this process alone; add --workers 0.")


def _job(files: SweepFiles, which: AnyModelChoice, choice: SweepChoice, model: AnyModel) -> Job:
    out = place_of(files.out)
    if choice.size is None and isinstance(model, STViT):
        choice = replace(choice, size=DEFAULT_SIZE)
    return Job(
        load=partial(load, _absolute(which)),
        digest=digest_of(model),
        settings=SweepSettings(**asdict(choice)),
        folder=(out.absolute() if isinstance(out, Path) else out) / "pictures",
        threads=None if files.workers == 0 else 1,
    )


def _measured(job: Job, files: SweepFiles, items: Sequence[Item]) -> dict[str, Report]:
    """Return the result of each picture by name."""
    workers = (os.cpu_count() or 1) if files.workers is None else files.workers
    work = batches(items, files.batch)
    found: dict[str, Report] = {}
    with Progress(len(items), 1) as progress:
        done: Iterator[list[Report]]
        if files.engine == "ray":
            done = run_on_ray(job, work, workers, files.address)
        else:
            done = run_locally(job, work, workers)
        for reports in done:
            for report in reports:
                found[report.name] = report
                progress.picture()
    return found


def _finish(
    files: SweepFiles, job: Job, model: AnyModel, title: str, items: Sequence[Item], reports: dict[str, Report]
) -> int:
    """Join the tables, unless others are still at work on their parts, and say what was done."""
    errors = {name: report.error for name, report in reports.items() if report.error}
    kept = len(reports) - len(errors)
    before = sum(report.before for report in reports.values())
    for name, reason in list(errors.items())[:NAMED_ERRORS]:
        print(f"Skipped {plain(name, 300)}: {reason}.", file=sys.stderr)
    if before:
        print(f"{before:,} of {counted(len(reports), 'picture')} were measured before.")
    if not kept:
        print("No picture could be measured, so nothing was joined.", file=sys.stderr)
        return 1
    done = f"Measured {kept:,} of {counted(len(reports), 'picture')}"
    if files.part is not None and files.part.of > 1:
        print(f"{done} of part {files.part}; once all parts are done, the same command without --part joins them.")
        return 0
    classes, class_names = classes_of(model)
    labels = labels_of(items, classes, class_names)
    measured = [
        MeasuredPicture(item, label, reports[item.name].digest)
        for item, label in zip(items, labels, strict=True)
        if item.name in reports and not reports[item.name].error
    ]
    configuration = _configuration(job, files, model, title, len(measured), len(errors))
    results = Results(measured, errors, class_names, configuration)
    with joining_folder(place_of(files.out)) as folder:
        own = OwnFiles(folder, "sweep")
        write_results(own, SweepStore(job.folder, job.key), results)
    print(f"{done}; wrote {counted(len(own.written), 'file')} to {plain(files.out, 200)}.")
    return 0


def _configuration(
    job: Job, files: SweepFiles, model: AnyModel, title: str, pictures: int, errors: int
) -> dict[str, Any]:
    """Return what the numbers depend on, and of which versions."""
    return {
        "model": plain(title, 200),
        "weights": job.digest,
        "own_attention": own_title(has_super_tokens(model)),
        "settings": asdict(job.settings),
        "every": files.every,
        "pictures": pictures,
        "errors": errors,
        "directory": str(Path.cwd()),  # names of pictures are relative to it
        "versions": {"stvit-inside": __version__, **{name: version(name) for name in ("torch", "numpy", "pyarrow")}},
    }
