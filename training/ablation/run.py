"""Evaluate trained networks with parts of the super token sampling changed, batch by batch, all in turns."""

import time
from collections.abc import Callable, Mapping
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
from training.ablation.pictures import Batch, batches_left
from training.evaluate import check_classes
from training.sources import Listing, list_images

HUNDRED = 100.0


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


def ablate(
    models: Mapping[str, STViT],
    pictures: Pictures,
    out: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> pd.DataFrame:
    """Evaluate every ablation of the models, or go on where an earlier run ended.

    Args:
        models: The trained networks by name, in evaluation mode.
        pictures: What they are evaluated on.
        out: Folder for what was measured.
        progress: Called with the batches done and all.

    Returns:
        See `summary`.

    Raises:
        ValueError: If the networks, the pictures and the folder do not fit together, or a picture is corrupt.
        OSError: If a file cannot be read or written.
    """
    listing = pictures.listing()
    for model in models.values():
        check_classes(model, listing)
    ablations = {name: ablations_of(model.config) for name, model in models.items()}
    networks = {
        name: {ablation.name: ablation.build(models[name]) for ablation in entries}
        for name, entries in ablations.items()
    }
    log = AblationLog(out, _settings(models, pictures, listing))
    total = -(-len(listing.files) // pictures.batch_size)
    progress(len(log.done), total)
    for number, batch in batches_left(pictures.source, listing, pictures.size, pictures.batch_size, log.done):
        log.add(number, {name: _answers(networks[name], ablations[name], batch) for name in models})
        progress(len(log.done), total)
    return pd.concat(
        [_summary(name, ablations[name], networks[name], log, pictures.size) for name in models], ignore_index=True
    )


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


def _answers(networks: Mapping[str, STViT], ablations: list[Ablation], batch: Batch) -> dict[str, Answers]:
    """Return what each network answers to a batch; the unchanged one comes first."""
    found: dict[str, Answers] = {}
    before: Tensor | None = None
    for ablation in ablations:
        network = networks[ablation.name]
        grouping = _give_groups(network, ablation, batch)
        start = time.process_time()
        with torch.no_grad():
            logits = network(batch.pixels)
        seconds = time.process_time() - start
        after = logits.double().log_softmax(-1)
        before = after if before is None else before
        divergence = (before.exp() * (before - after)).sum(-1)
        right = logits.argmax(-1) == batch.labels
        found[ablation.name] = Answers(right.tolist(), divergence.tolist(), seconds, grouping)
    return found


def _give_groups(network: STViT, ablation: Ablation, batch: Batch) -> float:
    """Group the pictures for a network, where that is its ablation, and return the processor time it took."""
    if ablation.method is None:
        return 0.0
    found = {grid: batch.groups(ablation.method, grid) for grid in grids_of(network, batch.pixels.shape[-1])}
    give(network, {grid: groups.labels for grid, groups in found.items()})
    return sum(groups.seconds for groups in found.values())


def _summary(
    model: str, ablations: list[Ablation], networks: Mapping[str, STViT], log: AblationLog, size: int
) -> pd.DataFrame:
    """Return a row for each ablation of a model.

    Returns:
        Columns: model, ablation, title, off_training, pictures; top1 (percent) and top1_change against the unchanged
        network; divergence (KL(unchanged || changed), nats); the standard error of each over pictures, `..._error`;
        gmac (10^9 multiply-accumulates a picture); images_per_second (of processor time, without grouping) and
        grouping_ms (processor time of grouping a picture).
    """
    plain = _right(log.answers(model, UNCHANGED))
    rows = []
    for ablation in ablations:
        answers = log.answers(model, ablation.name)
        right = _right(answers)
        divergence = np.concatenate([one.divergence for one in answers])
        network = networks[ablation.name]
        pixels = torch.zeros(1, network.config.in_channels, size, size)
        if ablation.method is not None:
            give(network, {grid: grid.cell_index[None] for grid in grids_of(network, size)})
        rows.append(
            {
                "model": model,
                "ablation": ablation.name,
                "title": ablation.title,
                "off_training": ablation.off_training,
                "pictures": len(right),
                **_mean("top1", HUNDRED * right),
                **_mean("top1_change", HUNDRED * (right - plain)),
                **_mean("divergence", divergence),
                "gmac": counted_macs(network, pixels, ablation.sparse) / 1e9,
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
