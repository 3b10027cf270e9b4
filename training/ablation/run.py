"""Evaluate trained networks with parts of the super token sampling changed, batch by batch, all in turns."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from stvit import STViT, __version__
from stvit.images.framing import check_size
from stvit.weights.load import model_digest
from training.ablation.catalogue import UNCHANGED, Ablation, ablations_of
from training.ablation.log import AblationLog, Answers
from training.ablation.networks import counted_macs, give, grids_of
from training.ablation.pictures import Batch, batches
from training.evaluate import check_classes
from training.sources import Listing, list_images


@dataclass(frozen=True)
class Pictures:
    """Which pictures are evaluated, and how.

    Attributes:
        source: Image folder or a tar of one.
        split: Folder between source and classes, or None.
        every: Only every N-th picture of the sorted names: the classes keep their shares.
        size: Side in pixels, of the published transform.
        batch_size: Pictures that go through a network together.
    """

    source: Path
    split: str | None = "val"
    every: int = 1
    size: int = 224
    batch_size: int = 32

    def listing(self) -> Listing:
        """Return the pictures.

        Raises:
            ValueError: If a number is below 1 or the source cannot be used.
            FileNotFoundError: If there is no such source or split.
        """
        check_size(self.size)
        for name in ("every", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}.")
        found = list_images(self.source, self.split)
        return Listing(found.classes, found.files[:: self.every])


@dataclass(frozen=True)
class Progress:
    """What has been measured so far.

    Attributes:
        done: Batches.
        total: All batches.
        summary: A row for each ablation of each model. Columns: model, ablation, title, off_training, pictures; top1
            (percent) and top1_change against the unchanged network; divergence (KL(unchanged || changed), nats); the
            standard error of each over pictures, `..._error`; gmac (10^9 multiply-accumulates a picture);
            images_per_second (of processor time, without grouping) and grouping_ms (processor time of grouping one).
    """

    done: int
    total: int
    summary: pd.DataFrame


def ablate(models: Mapping[str, STViT], pictures: Pictures, out: Path) -> Iterator[Progress]:
    """Evaluate every ablation of the models, or go on where an earlier run ended.

    Args:
        models: The trained networks by name, in evaluation mode.
        pictures: What they are evaluated on.
        out: Folder for what was measured.

    Yields:
        What was found, after each batch, and at once if there is something from an earlier run.

    Raises:
        ValueError: If the networks, the pictures and the folder do not fit together, or a picture is corrupt.
        OSError: If a file cannot be read or written.
    """
    listing = pictures.listing()
    for model in models.values():
        check_classes(model, listing)
    total = -(-len(listing.files) // pictures.batch_size)
    log = AblationLog(out, _settings(models, pictures, listing))
    changed = {name: [_Changed.of(one, model) for one in ablations_of(model.config)] for name, model in models.items()}
    costs = {name: [one.macs(pictures.size) for one in entries] for name, entries in changed.items()}

    def progress() -> Progress:
        tables = [_summary(name, changed[name], costs[name], log) for name in models]
        return Progress(len(log.done), total, pd.concat(tables, ignore_index=True))

    if log.done:
        yield progress()
    for number, batch in batches(pictures.source, listing, pictures.size, total, log.done):
        log.add(number, {name: _answers(entries, batch) for name, entries in changed.items()})
        yield progress()


@dataclass(frozen=True)
class _Changed:
    """An ablation and the network that it makes of a model."""

    ablation: Ablation
    network: STViT

    @classmethod
    def of(cls, ablation: Ablation, model: STViT) -> "_Changed":
        return cls(ablation, ablation.build(model))

    def give_groups(self, batch: Batch) -> float:
        """Group the pictures for the network, where that is its ablation, and return the processor time it took."""
        method = self.ablation.method
        if method is None:
            return 0.0
        found = {grid: batch.groups(method, grid) for grid in grids_of(self.network, batch.pixels.shape[-1])}
        give(self.network, {grid: groups.labels for grid, groups in found.items()})
        return sum(groups.seconds for groups in found.values())

    def macs(self, size: int) -> int:
        """Count the operations of a picture."""
        pixels = torch.zeros(1, self.network.config.in_channels, size, size)
        if self.ablation.method is not None:
            give(self.network, {grid: grid.cell_index[None] for grid in grids_of(self.network, size)})
        return counted_macs(self.network, pixels, self.ablation.sparse)


def _settings(models: Mapping[str, STViT], pictures: Pictures, listing: Listing) -> dict[str, object]:
    return {
        "version": __version__,
        "weights": {name: model_digest(model) for name, model in models.items()},
        "pictures": len(listing.files),
        "first": listing.files[0][0],
        "every": pictures.every,
        "size": pictures.size,
        "batch_size": pictures.batch_size,
    }


def _answers(entries: list[_Changed], batch: Batch) -> dict[str, Answers]:
    """Return what each network answers to a batch; the unchanged one comes first."""
    found: dict[str, Answers] = {}
    before: Tensor | None = None
    for changed in entries:
        grouping = changed.give_groups(batch)
        start = time.process_time()
        with torch.no_grad():
            logits = changed.network(batch.pixels)
        seconds = time.process_time() - start
        after = logits.double().log_softmax(-1)
        before = after if before is None else before
        divergence = (before.exp() * (before - after)).sum(-1)
        right = logits.argmax(-1) == batch.labels
        found[changed.ablation.name] = Answers(right.tolist(), divergence.tolist(), seconds, grouping)
    return found


def _summary(model: str, entries: list[_Changed], costs: list[int], log: AblationLog) -> pd.DataFrame:
    """Return a row for each ablation of a model; see `Progress`."""
    plain = _right(log.answers(model, UNCHANGED))
    rows = []
    for changed, macs in zip(entries, costs, strict=True):
        ablation, answers = changed.ablation, log.answers(model, changed.ablation.name)
        right = _right(answers)
        rows.append(
            {
                "model": model,
                "ablation": ablation.name,
                "title": ablation.title,
                "off_training": ablation.off_training,
                "pictures": len(right),
                **_mean("top1", 100 * right),
                **_mean("top1_change", 100 * (right - plain)),
                **_mean("divergence", np.concatenate([one.divergence for one in answers])),
                "gmac": macs / 1e9,
                "images_per_second": len(right) / sum(one.seconds for one in answers),
                "grouping_ms": 1e3 * sum(one.grouping_seconds for one in answers) / len(right),
            }
        )
    return pd.DataFrame(rows)


def _right(answers: list[Answers]) -> np.ndarray:
    return np.concatenate([one.right for one in answers]).astype(np.float64)


def _mean(name: str, values: np.ndarray) -> dict[str, float]:
    """Return the mean over pictures and its standard error."""
    error = values.std(ddof=1) / len(values) ** 0.5 if len(values) > 1 else float("nan")
    return {name: float(values.mean()), f"{name}_error": float(error)}
