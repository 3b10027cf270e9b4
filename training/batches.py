"""Batches of random crops, each a function of (seed, epoch, step) only, so that any run can resume anywhere."""

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from training.cache import ImageCache
from training.config import TrainingConfig


@dataclass(frozen=True)
class Place:
    """Where a process stands among all that train together.

    Attributes:
        rank: Its number.
        world: How many there are.
    """

    rank: int = 0
    world: int = 1


def generator(*numbers: int) -> np.random.Generator:
    """Return a random generator that depends on all the numbers (seed, epoch, step, ...)."""
    return np.random.default_rng(numbers)


def steps_per_epoch(images: int, config: TrainingConfig, world: int = 1) -> int:
    """Return the full batches in an epoch; what is left over joins the next epoch's shuffle.

    Raises:
        ValueError: If the images do not fill one batch.
    """
    total = config.batch_size * world
    if images < total:
        raise ValueError(
            f"{images} training images do not fill a batch of {total}; lower batch_size to {images // world} or less."
        )
    return images // total


class CropBatches(Dataset[tuple[Tensor, Tensor]]):
    """The batches of one epoch: item i is a pair of crops (B, 3, size, size), uint8, and labels (B,).

    Args:
        cache: The training images.
        config: The settings.
        epoch: Number of the epoch; with the seed it fixes order and crops.
        size: Side of the crops in pixels.
        place: Which share of each batch is this process's.
    """

    def __init__(
        self, cache: ImageCache, config: TrainingConfig, epoch: int, size: int, place: Place = Place()
    ) -> None:
        self.cache, self.config, self.epoch, self.size, self.place = cache, config, epoch, size, place
        self.order = generator(config.seed, epoch).permutation(len(cache))

    def __len__(self) -> int:
        """Return the steps of the epoch."""
        return steps_per_epoch(len(self.cache), self.config, self.place.world)

    def __getitem__(self, step: int) -> tuple[Tensor, Tensor]:
        """Return the crops and labels of a step."""
        config, place = self.config, self.place
        start = (step * place.world + place.rank) * config.batch_size
        chosen = self.order[start : start + config.batch_size]
        random = generator(config.seed, self.epoch, step, place.rank)
        boxes = crop_boxes(len(chosen), self.cache.size, config.crop_scale, config.crop_ratio, random)
        flips = random.random(len(chosen)) < 0.5
        crops = [self._crop(i, box, flip) for i, box, flip in zip(chosen, boxes, flips, strict=True)]
        return torch.cat(crops), torch.from_numpy(self.cache.labels[chosen])

    def _crop(self, image: int, box: np.ndarray, flip: bool) -> Tensor:
        top, left, height, width = box
        pixels = torch.from_numpy(np.array(self.cache.images[image, top : top + height, left : left + width]))
        crop = resize(pixels.permute(2, 0, 1)[None], self.size)
        return crop.flip(-1) if flip else crop


def crop_boxes(
    count: int, side: int, scale: tuple[float, float], ratio: tuple[float, float], random: np.random.Generator
) -> np.ndarray:
    """Draw crops of random area and aspect ratio (Szegedy et al., 2015).

    Args:
        count: How many.
        side: Side of the images in pixels.
        scale: Least and largest part of the area.
        ratio: Least and largest width over height, drawn uniformly in the logarithm.
        random: Source of randomness.

    Returns:
        Boxes (top, left, height, width) in pixels, shape (count, 4); sides that do not fit are cut to `side`.
    """
    area = random.uniform(*scale, count) * side**2
    aspect = np.exp(random.uniform(math.log(ratio[0]), math.log(ratio[1]), count))
    height = np.clip(np.rint(np.sqrt(area / aspect)), 1, side).astype(int)
    width = np.clip(np.rint(np.sqrt(area * aspect)), 1, side).astype(int)
    top = random.integers(0, side - height + 1)
    left = random.integers(0, side - width + 1)
    return np.stack([top, left, height, width], axis=1)


def resize(images: Tensor, size: int) -> Tensor:
    """Resize images (B, 3, H, W), uint8 or float, to (B, 3, size, size), bilinear with antialiasing."""
    if images.shape[-2:] == (size, size):
        return images
    return F.interpolate(images, (size, size), mode="bilinear", antialias=True, align_corners=False)


def load_batches(
    cache: ImageCache, config: TrainingConfig, epoch: int, size: int, first_step: int, place: Place
) -> DataLoader[tuple[Tensor, Tensor]]:
    """Return a loader of the batches of an epoch from `first_step` on."""
    dataset = CropBatches(cache, config, epoch, size, place)
    return DataLoader(
        dataset,
        batch_size=None,
        sampler=range(first_step, len(dataset)),
        num_workers=config.workers,
        pin_memory=torch.cuda.is_available(),  # copies to a GPU then run beside its work
        generator=torch.Generator(),  # else every new loader moves the global generator, and resuming differs
    )
