"""Crops of cached pictures, resized: one by one on the CPU, or a whole batch at once on the training device."""

from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from training.cache import ImageCache
from training.crops import Boxes

CUBIC = -0.5
"""Parameter of the bicubic kernel, as in Pillow and in PyTorch with antialiasing."""


class Cropper(Protocol):
    """The interface of anything that makes crops of the pictures of a cache."""

    cache: ImageCache

    def crops(self, chosen: NDArray[np.int64], boxes: Boxes, flips: NDArray[np.bool_], size: int) -> Tensor:
        """Return crops (B, 3, size, size) with whole values from 0 to 255, bicubic with antialiasing.

        Args:
            chosen: Numbers of the pictures.
            boxes: The part of each that is kept.
            flips: Which crops are mirrored.
            size: Side of the crops in pixels.
        """


class PicturesOnCPU:
    """Crops one by one out of the memory-mapped cache; `crops` gives bytes."""

    def __init__(self, cache: ImageCache) -> None:
        self.cache = cache

    def crops(self, chosen: NDArray[np.int64], boxes: Boxes, flips: NDArray[np.bool_], size: int) -> Tensor:
        """See `Cropper.crops`."""
        return torch.stack([self._crop(*parts, size) for parts in zip(chosen, boxes, flips, strict=True)])

    def _crop(self, number: np.int64, box: NDArray[np.int64], flip: np.bool_, size: int) -> Tensor:
        top, left, height, width = box
        part = self.cache.picture(int(number))[top : top + height, left : left + width]
        crop = resize(torch.from_numpy(np.array(part)).permute(2, 0, 1)[None], size)[0]
        return crop.flip(-1) if flip else crop


class PicturesOnDevice:
    """All pictures as bytes in the memory of the training device, and crops of a batch by two matrix products.

    Resizing is linear, so a crop is V P H^T: P is the part of the picture, the rows of V and H hold the weights of
    the antialiased bicubic kernel inside it. A mirrored crop has the rows of H in reverse.

    Args:
        cache: The pictures.
        device: Where to keep them.
    """

    def __init__(self, cache: ImageCache, device: torch.device) -> None:
        self.cache = cache
        self.pixels = torch.from_numpy(np.array(cache.pixels)).to(device)
        self.starts, self.widths = (torch.from_numpy(values).to(device) for values in (cache.starts, cache.widths))

    def crops(self, chosen: NDArray[np.int64], boxes: Boxes, flips: NDArray[np.bool_], size: int) -> Tensor:
        """See `Cropper.crops`."""
        device = self.pixels.device
        numbers, places, mirrored = (torch.from_numpy(values).to(device) for values in (chosen, boxes, flips))
        parts = self._parts(numbers, places, int(boxes[:, 2].max()), int(boxes[:, 3].max()))
        vertical = resampling(places[:, 2], size, parts.shape[1])
        horizontal = resampling(places[:, 3], size, parts.shape[2])
        horizontal = torch.where(mirrored[:, None, None], horizontal.flip(1), horizontal)
        rows = (vertical @ parts.flatten(2)).unflatten(2, (-1, 3))  # (B, size, width, 3)
        crops = rows.permute(0, 3, 1, 2).flatten(1, 2) @ horizontal.transpose(1, 2)
        return crops.unflatten(1, (3, size)).round_().clamp_(0, 255)

    def _parts(self, numbers: Tensor, boxes: Tensor, tall: int, wide: int) -> Tensor:
        """Gather the boxes, (B, tall, wide, 3) as floats; what lies beyond a smaller box repeats its edge."""
        top, left, height, width = boxes.unbind(1)
        rows = top[:, None] + torch.minimum(torch.arange(tall, device=boxes.device), height[:, None] - 1)
        columns = left[:, None] + torch.minimum(torch.arange(wide, device=boxes.device), width[:, None] - 1)
        places = (self.starts[numbers, None] + rows * self.widths[numbers, None])[:, :, None] + columns[:, None]
        return self.pixels[places].float()


def resize(images: Tensor, size: int) -> Tensor:
    """Resize images (B, 3, H, W), uint8 or float, to (B, 3, size, size), bicubic with antialiasing."""
    if images.shape[-2:] == (size, size):
        return images
    resized = F.interpolate(images, (size, size), mode="bicubic", antialias=True, align_corners=False)
    return resized.clamp(0, 255)


def resampling(lengths: Tensor, size: int, columns: int) -> Tensor:
    """Return the weights that resize an axis, shape (B, size, columns); rows sum to 1.

    The kernel is as wide as a new pixel where the axis shrinks, and stays inside the axis: its weights there are
    divided by their sum. Pillow and PyTorch with antialiasing do the same.

    Args:
        lengths: Length of each axis in pixels, shape (B,).
        size: Length afterwards.
        columns: Columns of the matrices; those from a length on are zero.
    """
    step = (lengths / size)[:, None, None]
    stretch = step.clamp(min=1)
    centres = (torch.arange(size, device=lengths.device) + 0.5)[None, :, None] * step
    pixels = torch.arange(columns, device=lengths.device)[None, None]
    weights = _cubic((pixels + 0.5 - centres) / stretch) * (pixels < lengths[:, None, None])
    return weights / weights.sum(2, keepdim=True)


def _cubic(distance: Tensor) -> Tensor:
    """Return the bicubic kernel (Keys, 1981)."""
    x = distance.abs()
    near = ((CUBIC + 2) * x - (CUBIC + 3)) * x * x + 1
    far = CUBIC * (((x - 5) * x + 8) * x - 4)
    return torch.where(x < 1, near, torch.where(x < 2, far, torch.zeros_like(x)))
