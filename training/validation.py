"""Accuracy on cached validation images while training, divided among all processes."""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from accelerate import Accelerator
from accelerate.utils import gather_object
from torch import nn

from training.augment import normalise
from training.crops import central_squares
from training.metrics import Average, correct
from training.pictures import Cropper

BATCH = 128


@torch.no_grad()
def validate(model: nn.Module, pictures: Cropper, size: int, accelerator: Accelerator) -> dict[str, Any]:
    """Measure a model on the central squares of the images, resized to `size`; every process gets the same result.

    Args:
        model: The model; it is left in the mode (training or not) that it had.
        pictures: Validation images.
        size: Side in pixels.
        accelerator: Knows device, precision and the other processes.

    Returns:
        val_loss, val_top1 and val_top5 in percent, val_size.
    """
    was_training = model.training
    model.eval()
    cache = pictures.cache
    mine = np.arange(accelerator.process_index, len(cache), accelerator.num_processes)
    boxes = central_squares(cache.heights, cache.widths)
    top1, top5 = Average(), Average()
    for start in range(0, len(mine), BATCH):
        part = mine[start : start + BATCH]
        crops = pictures.crops(part, boxes[part], np.zeros(len(part), bool), size).to(accelerator.device)
        labels = torch.from_numpy(cache.labels[part]).to(accelerator.device)
        with accelerator.autocast():
            logits = model(normalise(crops.float() / 255)).float()
        loss = float(F.cross_entropy(logits, labels))
        top1.add(loss, int(correct(logits, labels).sum()), len(labels))
        top5.add(loss, int(correct(logits, labels, 5).sum()), len(labels))
    model.train(was_training)
    loss, accuracy = sum(gather_object([top1]), Average()).means()
    _, accuracy5 = sum(gather_object([top5]), Average()).means()
    return {"val_loss": loss, "val_top1": accuracy, "val_top5": accuracy5, "val_size": size}
