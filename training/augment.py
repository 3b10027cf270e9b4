"""Augmentation of whole batches on the training device, and Mixup and CutMix of images and targets."""

from collections.abc import Callable

import kornia.augmentation as K
import torch
import torch.nn.functional as F
from torch import Tensor

from training.config import TrainingConfig

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
GREY = (0.299, 0.587, 0.114)


def normalise(images: Tensor) -> Tensor:
    """Turn images (B, 3, H, W) between 0 and 1 into pixels with ImageNet's mean and standard deviation."""
    mean, std = (images.new_tensor(values).view(1, 3, 1, 1) for values in (MEAN, STD))
    return (images - mean) / std


def build_augmentation(config: TrainingConfig) -> Callable[[Tensor], Tensor]:
    """Return a function from uint8 crops (B, 3, H, W) to augmented pixels, normalised."""
    policy = None
    if config.randaugment is not None:
        operations, magnitude = config.randaugment
        policy = K.auto.RandAugment(operations, magnitude)
    erasing = K.RandomErasing(p=config.erase, scale=(0.02, 1 / 3)) if config.erase else None

    def augment(crops: Tensor) -> Tensor:
        images = crops.float() / 255
        if policy is not None:
            images = policy(images)
        if config.jitter:
            images = jitter(images, config.jitter)
        pixels = normalise(images)
        return pixels if erasing is None else erasing(pixels)

    return augment


def jitter(images: Tensor, strength: float) -> Tensor:
    """Change brightness, contrast and saturation of each image by factors in 1 +- strength.

    Args:
        images: Shape (B, 3, H, W), between 0 and 1.
        strength: Largest relative change.
    """
    factors = 1 + strength * (2 * torch.rand(3, len(images), 1, 1, 1, device=images.device) - 1)
    bright = images * factors[0]
    grey = (bright * bright.new_tensor(GREY).view(1, 3, 1, 1)).sum(1, keepdim=True)
    mean = grey.mean((2, 3), keepdim=True)
    coloured = grey + (bright - grey) * factors[1]
    return (mean + (coloured - mean) * factors[2]).clamp(0, 1)


def mix(pixels: Tensor, targets: Tensor, config: TrainingConfig) -> tuple[Tensor, Tensor]:
    """Mix a batch with its reverse: Mixup (Zhang et al., 2018) or CutMix (Yun et al., 2019), by chance.

    Args:
        pixels: Shape (B, 3, H, W).
        targets: Class probabilities, shape (B, classes).
        config: mixup, cutmix, mix_probability.

    Returns:
        Mixed pixels and targets; one mixing coefficient for the batch.
    """
    kinds = [kind for kind, alpha in ((mixup, config.mixup), (cutmix, config.cutmix)) if alpha > 0]
    if not kinds or torch.rand(()) >= config.mix_probability:
        return pixels, targets
    kind = kinds[int(torch.randint(len(kinds), ()))]
    alpha = config.mixup if kind is mixup else config.cutmix
    keep = float(torch.distributions.Beta(alpha, alpha).sample())
    return kind(pixels, targets, keep)


def mixup(pixels: Tensor, targets: Tensor, keep: float) -> tuple[Tensor, Tensor]:
    """Return keep * batch + (1 - keep) * reversed batch."""
    return keep * pixels + (1 - keep) * pixels.flip(0), keep * targets + (1 - keep) * targets.flip(0)


def cutmix(pixels: Tensor, targets: Tensor, keep: float) -> tuple[Tensor, Tensor]:
    """Paste a box of the reversed batch; targets mix by the area that really was pasted."""
    height, width = pixels.shape[-2:]
    tall, wide = (round(side * (1 - keep) ** 0.5) for side in (height, width))
    row, column = int(torch.randint(height, ())), int(torch.randint(width, ()))
    top, left = max(row - tall // 2, 0), max(column - wide // 2, 0)
    bottom, right = min(row - tall // 2 + tall, height), min(column - wide // 2 + wide, width)
    mixed = pixels.clone()
    mixed[..., top:bottom, left:right] = pixels.flip(0)[..., top:bottom, left:right]
    kept = 1 - (bottom - top) * (right - left) / (height * width)
    return mixed, kept * targets + (1 - kept) * targets.flip(0)


def smooth_targets(labels: Tensor, classes: int, smoothing: float) -> Tensor:
    """Return class probabilities (B, classes): 1 - smoothing for the label, smoothing spread over all."""
    return F.one_hot(labels, classes) * (1 - smoothing) + smoothing / classes
