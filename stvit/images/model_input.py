"""A picture -> what the model sees: the published evaluation transform or the whole picture, and the way back."""

import reprlib
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32, UInt8
from PIL import Image
from torch import Tensor

from stvit.grid import TokenGrid
from stvit.images.files import PictureSource, RGBImage, load_image
from stvit.images.framing import (
    Box,
    Framing,
    SizeLike,
    check_crop_fraction,
    check_side,
    check_size,
    crop_framing,
    whole_framing,
)

IMAGENET_MEAN = (0.485, 0.456, 0.406)
"""Mean of each channel over ImageNet, values from 0 to 1."""

IMAGENET_STD = (0.229, 0.224, 0.225)
"""Standard deviation of each channel over ImageNet."""

CROP_FRACTION = 0.875
"""Share of the short side that the published evaluation keeps at 224 (resize to 256, crop 224)."""

PRETRAINING_SIZE = 224
"""Greatest side that the released evaluation crops with a margin."""


@dataclass(frozen=True, eq=False)
class PreparedImage:
    """A picture as the model sees it.

    Attributes:
        pixels: Shape (1, 3, height, width), normalised; input of the model.
        shown: Shape (height, width, 3), 8-bit RGB, the same pixels before normalisation, read-only.
        framing: Where it lies on the original picture.
        source: The original picture.
    """

    pixels: Float32[Tensor, "1 3 height width"]
    shown: UInt8[np.ndarray, "height width 3"]
    framing: Framing
    source: RGBImage

    def token_box(self, grid: TokenGrid, token: int) -> Box:
        """Return (top, left, bottom, right) of a token in pixels of the original picture.

        Raises:
            ValueError: If the grid does not belong to this picture.
            IndexError: If there is no such token.
        """
        return self.framing.token_box(grid, token)

    def token_at(self, grid: TokenGrid, y: float, x: float) -> int | None:
        """Return the token under position (y, x) of the original picture, None outside the crop.

        Raises:
            ValueError: If the grid does not belong to this picture.
        """
        return self.framing.token_at(grid, y, x)


def published_crop_fraction(size: int) -> float:
    """Return the share of the short side that the released evaluation keeps at this size.

    It leaves a margin up to 224 (0.875) and none above: at 384 the short side is resized to 384.
    Source: `build_transform` in the released `visualization/datasets.py`.

    Example:
        >>> published_crop_fraction(224), published_crop_fraction(384)
        (0.875, 1.0)
    """
    return CROP_FRACTION if size <= PRETRAINING_SIZE else 1.0


def prepare(
    image: RGBImage | PictureSource,
    size: SizeLike = 224,
    mode: str = "crop",
    crop_fraction: float | None = None,
) -> PreparedImage:
    """Turn a picture into the model's input.

    Args:
        image: An `RGBImage`, or anything `load_image` accepts; to load with options other than its defaults, load
            it first.
        size: Pixels: one side, or (height, width) in mode "crop"; the short side in mode "whole".
        mode: "crop" is the published evaluation transform: bicubic resize, then a centre crop. "whole" keeps the
            whole picture and its aspect ratio, both sides rounded to multiples of 32.
        crop_fraction: Share of the short side that mode "crop" keeps; None is the published one for this size, see
            `published_crop_fraction`.

    Raises:
        ValueError: If the size, the mode or the crop fraction is not sensible.
        ImageError: If the picture cannot be loaded.

    Example:
        >>> prepare(np.zeros((300, 400, 3), np.uint8), 224, mode="whole").pixels.shape
        torch.Size([1, 3, 224, 288])
    """
    source = image if isinstance(image, RGBImage) else load_image(image)
    framing = _frame(source, size, mode, crop_fraction)
    height, width = framing.resized
    resized = Image.fromarray(source.array).resize((width, height), Image.Resampling.BICUBIC)
    top, left = framing.corner
    shown = np.array(resized)[top : top + framing.size[0], left : left + framing.size[1]].copy()
    pixels = _normalise(torch.from_numpy(shown))
    shown.setflags(write=False)
    return PreparedImage(pixels, shown, framing, source)


def denormalise(pixels: Float[Tensor, "*batch 3 height width"]) -> UInt8[np.ndarray, "*batch height width 3"]:
    """Turn normalised pixels back into 8-bit RGB for display, channels last; values beyond 0..255 are cut off.

    Example:
        >>> denormalise(torch.zeros(1, 3, 1, 1))  # the mean of ImageNet
        array([[[[124, 116, 104]]]], dtype=uint8)
    """
    values = pixels.detach().cpu().double().movedim(-3, -1)
    values = values * torch.tensor(IMAGENET_STD).double() + torch.tensor(IMAGENET_MEAN).double()
    return (values.clamp(0, 1) * 255).round().to(torch.uint8).numpy()


def _frame(source: RGBImage, size: SizeLike, mode: str, crop_fraction: float | None) -> Framing:
    """Check the request and compute the framing."""
    original = source.height, source.width
    if mode == "crop":
        checked = check_size(size)
        fraction = published_crop_fraction(max(checked)) if crop_fraction is None else crop_fraction
        check_crop_fraction(fraction)
        return crop_framing(original, checked, fraction)
    if mode == "whole":
        if crop_fraction is not None:
            raise ValueError('Mode "whole" crops nothing; leave crop_fraction out or use mode "crop".')
        return whole_framing(original, check_side(size))
    raise ValueError(f'A mode is "crop" or "whole", got {reprlib.repr(mode)}.')


def _normalise(values: UInt8[Tensor, "height width 3"]) -> Float32[Tensor, "1 3 height width"]:
    """Scale 8-bit RGB to 0..1 and normalise with ImageNet's mean and deviation."""
    scaled = values.permute(2, 0, 1)[None].contiguous().float() / 255
    mean, std = (torch.tensor(constants).view(3, 1, 1) for constants in (IMAGENET_MEAN, IMAGENET_STD))
    return (scaled - mean) / std
