"""Batches of random crops, each a function of (seed, epoch, step) only, so that any run can resume anywhere."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from training.config import TrainingConfig
from training.crops import crop_boxes, generator
from training.pictures import Cropper, PicturesOnCPU
from training.randaugment import rand_augment

CROPPING, AUGMENTING = 0, 1
"""Last number of the generators of a step: one for its crops, one for what is done to the batch."""


@dataclass(frozen=True)
class Process:
    """One process among all that train together.

    Attributes:
        rank: Its number.
        world: How many there are.
    """

    rank: int = 0
    world: int = 1


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


def epoch_order(images: int, config: TrainingConfig, epoch: int) -> NDArray[np.int64]:
    """Return the images of an epoch in their order, as many as there are.

    With repeated augmentation (Hoffer et al., 2020; `RASampler` of DeiT) each image comes `repeats` times in a row, and
    an epoch, which keeps its length, shows that fraction of the images.
    """
    order = generator(config.seed, epoch).permutation(images)
    return np.repeat(order, config.repeats)[:images]


class CropBatches(Dataset[tuple[Tensor, Tensor]]):
    """The batches of one epoch: item i is a pair of crops (B, 3, size, size), 0 to 255, and labels (B,).

    Args:
        pictures: The training images.
        config: The settings.
        epoch: Number of the epoch; with the seed it fixes order and crops.
        size: Side of the crops in pixels.
        process: Which share of each batch is this process's: every world-th image, so that repeated draws of an image
            go to different processes.
    """

    def __init__(
        self, pictures: Cropper, config: TrainingConfig, epoch: int, size: int, process: Process = Process()
    ) -> None:
        self.pictures, self.config, self.epoch, self.size, self.process = pictures, config, epoch, size, process
        self.order = epoch_order(len(pictures.cache), config, epoch)

    def __len__(self) -> int:
        """Return the steps of the epoch."""
        return steps_per_epoch(len(self.pictures.cache), self.config, self.process.world)

    def __getitem__(self, step: int) -> tuple[Tensor, Tensor]:
        """Return the crops and labels of a step."""
        config, process, cache = self.config, self.process, self.pictures.cache
        total = config.batch_size * process.world
        chosen = self.order[step * total : (step + 1) * total][process.rank :: process.world]
        random = generator(config.seed, self.epoch, step, process.rank, CROPPING)
        sizes = cache.heights[chosen], cache.widths[chosen]
        boxes = crop_boxes(*sizes, config.crop_scale, config.crop_ratio, random)
        flips = random.random(len(chosen)) < 0.5
        crops = self.pictures.crops(chosen, boxes, flips, self.size)
        return self._augmented(crops, random), torch.from_numpy(cache.labels[chosen])

    def _augmented(self, crops: Tensor, random: np.random.Generator) -> Tensor:
        """Apply RandAugment, which works on one picture at a time."""
        if self.config.randaugment is None:
            return crops
        pictures = crops.permute(0, 2, 3, 1).contiguous().numpy()
        done = [rand_augment(picture, *self.config.randaugment, random) for picture in pictures]
        return torch.from_numpy(np.stack(done)).permute(0, 3, 1, 2).contiguous()


def load_batches(
    pictures: Cropper, config: TrainingConfig, epoch: int, size: int, first_step: int, process: Process
) -> Iterable[tuple[Tensor, Tensor]]:
    """Return the batches of an epoch from `first_step` on; crops made on the CPU are loaded by other processes."""
    dataset = CropBatches(pictures, config, epoch, size, process)
    if not isinstance(pictures, PicturesOnCPU):
        return _in_turn(dataset, first_step)
    return DataLoader(
        dataset,
        batch_size=None,
        sampler=range(first_step, len(dataset)),
        num_workers=config.workers,
        pin_memory=torch.cuda.is_available(),  # copies to a GPU then overlap with its work
        generator=torch.Generator(),  # otherwise every new loader advances the global generator, and resuming differs
    )


def _in_turn(dataset: CropBatches, first_step: int) -> Iterator[tuple[Tensor, Tensor]]:
    for step in range(first_step, len(dataset)):
        yield dataset[step]
