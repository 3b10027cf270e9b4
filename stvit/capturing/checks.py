"""Checks that a capture makes before it runs; each refusal is one sentence."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from stvit.config_bounds import check
from stvit.model import STViT

WITHOUT_VALUES = ("meta", "lazy")
"""Devices whose tensors hold no values to check."""


def check_run(model: Any, pixels: Any) -> None:
    """Check that a model can run on pixels, and that all pixels are finite.

    Raises:
        TypeError: If the model is not an STViT, or the pixels are not a tensor.
        ValueError: If there is no picture, a pixel is not finite, or they lie on another device than the model.
    """
    if not isinstance(model, STViT):
        inside = "; pass the STViT inside it" if isinstance(model, torch.nn.Module) else ""
        raise TypeError(f"A capture runs an STViT, got {type(model).__name__}{inside}.")
    if not isinstance(pixels, Tensor):
        raise TypeError(
            f"Expected pixels as a tensor of shape (batch, {model.config.in_channels}, height, width), got "
            f"{type(pixels).__name__}; `stvit.images.prepare` makes them from a file, torch.from_numpy from an array."
        )
    if pixels.ndim == 4 and len(pixels) == 0:
        raise ValueError(f"Expected at least one picture, got pixels of shape {tuple(pixels.shape)}.")
    if pixels.layout != torch.strided:
        raise TypeError(f"Expected pixels as a dense tensor, got one of {pixels.layout}; convert it with .to_dense().")
    device = next(model.parameters()).device
    if pixels.device != device:
        raise ValueError(
            f"The pixels are on {pixels.device}, but the model is on {device}; move one of them with .to(...)."
        )
    if device.type not in WITHOUT_VALUES and not pixels.isfinite().all():
        raise ValueError("Expected finite pixels, got some that are infinite or NaN.")


def check_num_iters(iterations: Iterable[Any]) -> None:
    """Check numbers of sampling iterations.

    Raises:
        ValueError: If one is not a whole number, or outside the bounds of the setting.
    """
    for number in iterations:
        check("num_iters", number)
