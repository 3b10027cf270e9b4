"""Augmentation of whole batches on the training device, and Mixup and CutMix of images and targets.

All random draws come from the generator of the step, so a batch depends only on its position in the run: models
trained with the same seed see the same batches.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from analysis.figures.paint import LUMA_WEIGHTS
from stvit.images import IMAGENET_MEAN, IMAGENET_STD
from training.config import TrainingConfig
from training.crops import Boxes, erased_boxes


def normalise(images: Tensor) -> Tensor:
    """Turn images (B, 3, H, W) between 0 and 1 into pixels with ImageNet's mean and standard deviation."""
    mean, std = (images.new_tensor(values).view(1, 3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_STD))
    return (images - mean) / std


def augment(crops: Tensor, config: TrainingConfig, random: np.random.Generator) -> Tensor:
    """Return augmented pixels, normalised, of crops (B, 3, side, side) with values from 0 to 255."""
    images = crops.float() / 255
    if config.jitter:
        factors = random.uniform(1 - config.jitter, 1 + config.jitter, (3, len(crops)))
        images = jitter(images, torch.from_numpy(factors).to(images))
    pixels = normalise(images)
    if not config.erase:
        return pixels
    boxes = erased_boxes(len(crops), crops.shape[-1], config.erase, random)
    return erase(pixels, boxes, seed=int(random.integers(2**63)))


def jitter(images: Tensor, factors: Tensor) -> Tensor:
    """Multiply brightness, saturation and contrast of each image.

    Args:
        images: Shape (B, 3, H, W), between 0 and 1.
        factors: Of brightness, saturation and contrast, shape (3, B).
    """
    brightness, saturation, contrast = factors.view(3, -1, 1, 1, 1)
    bright = images * brightness
    grey = (bright * bright.new_tensor(LUMA_WEIGHTS).view(1, 3, 1, 1)).sum(1, keepdim=True)
    mean = grey.mean((2, 3), keepdim=True)
    coloured = grey + (bright - grey) * saturation
    return (mean + (coloured - mean) * contrast).clamp(0, 1)


def erase(pixels: Tensor, boxes: Boxes, seed: int) -> Tensor:
    """Fill a box of each image with noise of mean 0 and deviation 1 (random erasing, mode "pixel" of timm).

    Args:
        pixels: Normalised, shape (B, 3, H, W).
        boxes: The box of each; see `erased_boxes`.
        seed: Makes the noise.
    """
    top, left, height, width = torch.from_numpy(boxes).to(pixels.device).view(-1, 4, 1, 1).unbind(1)
    rows, columns = (torch.arange(side, device=pixels.device) for side in pixels.shape[-2:])
    inside = (rows[:, None] >= top) & (rows[:, None] < top + height) & (columns >= left) & (columns < left + width)
    source = torch.Generator(pixels.device).manual_seed(seed)
    noise = torch.randn(pixels.shape, generator=source, device=pixels.device)
    return torch.where(inside[:, None], noise, pixels)


def mix(pixels: Tensor, targets: Tensor, config: TrainingConfig, random: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Mix a batch with its reverse: Mixup (Zhang et al., 2018) or CutMix (Yun et al., 2019), by chance.

    Args:
        pixels: Shape (B, 3, H, W).
        targets: Class probabilities, shape (B, classes).
        config: mixup, cutmix, mix_probability.
        random: Source of randomness.

    Returns:
        Mixed pixels and targets; one mixing coefficient for the batch.
    """
    kinds = [alpha for alpha in (config.mixup, config.cutmix) if alpha > 0]
    if not kinds or random.random() >= config.mix_probability:
        return pixels, targets
    chosen = int(random.integers(len(kinds)))
    keep = float(random.beta(kinds[chosen], kinds[chosen]))
    if config.mixup > 0 and chosen == 0:
        return mixup(pixels, targets, keep)
    centre = random.random(2)
    return cutmix(pixels, targets, keep, (float(centre[0]), float(centre[1])))


def mixup(pixels: Tensor, targets: Tensor, keep: float) -> tuple[Tensor, Tensor]:
    """Return keep * batch + (1 - keep) * reversed batch."""
    return torch.lerp(pixels.flip(0), pixels, keep), torch.lerp(targets.flip(0), targets, keep)


def cutmix(pixels: Tensor, targets: Tensor, keep: float, centre: tuple[float, float]) -> tuple[Tensor, Tensor]:
    """Paste a box of the reversed batch; targets mix by the area that really was pasted.

    Args:
        pixels: Shape (B, 3, H, W).
        targets: Shape (B, classes).
        keep: Part of the area that stays, where the box does not reach over the edge.
        centre: Of the box, as parts of height and width.
    """
    bounds = []
    for side, middle in zip(pixels.shape[-2:], centre, strict=True):
        half, at = int(side * (1 - keep) ** 0.5) // 2, int(side * middle)
        bounds.append((max(at - half, 0), min(at + half, side)))
    (top, bottom), (left, right) = bounds
    mixed = pixels.clone()
    mixed[..., top:bottom, left:right] = pixels.flip(0)[..., top:bottom, left:right]
    kept = 1 - (bottom - top) * (right - left) / pixels[0, 0].numel()
    return mixed, kept * targets + (1 - kept) * targets.flip(0)


def smooth_targets(labels: Tensor, classes: int, smoothing: float) -> Tensor:
    """Return class probabilities (B, classes): 1 - smoothing for the label, smoothing spread over all."""
    return F.one_hot(labels, classes) * (1 - smoothing) + smoothing / classes
