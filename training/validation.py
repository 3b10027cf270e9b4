"""Accuracy on cached validation images while training, shared out over all processes."""

from typing import Any

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from accelerate.utils import gather_object
from torch import nn

from training.augment import normalise
from training.batches import resize
from training.cache import ImageCache
from training.metrics import Average, count_correct

BATCH = 128


@torch.no_grad()
def validate(model: nn.Module, images: ImageCache, size: int, accelerator: Accelerator) -> dict[str, Any]:
    """Measure a model on whole cached images resized to `size`; every process gets the same result.

    Args:
        model: The model; it is left in the mode (training or not) it came in.
        images: Validation images.
        size: Side in pixels.
        accelerator: Knows device, precision and the other processes.

    Returns:
        val_loss, val_top1 and val_top5 in percent, val_size.
    """
    was_training = model.training
    model.eval()
    rank, world = accelerator.process_index, accelerator.num_processes
    mine = range(rank, len(images), world)
    top1, top5 = Average(), Average()
    for start in range(0, len(mine), BATCH):
        part = mine[start : start + BATCH]
        view = slice(part.start, part.stop, part.step)
        crops = torch.from_numpy(images.images[view].copy()).permute(0, 3, 1, 2)
        crops = resize(crops, size).to(accelerator.device)  # resized first: GPUs cannot resize bytes
        labels = torch.from_numpy(images.labels[view]).to(accelerator.device)
        with accelerator.autocast():
            logits = model(normalise(crops.float() / 255)).float()
        loss = float(F.cross_entropy(logits, labels))
        top1.add(loss, count_correct(logits, labels), len(labels))
        top5.add(loss, count_correct(logits, labels, 5), len(labels))
    model.train(was_training)
    loss, accuracy = sum(gather_object([top1]), Average()).means()
    _, accuracy5 = sum(gather_object([top5]), Average()).means()
    return {"val_loss": loss, "val_top1": accuracy, "val_top5": accuracy5, "val_size": size}
