"""A model's answer when parts of its picture are replaced, many parts at a time."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from skimage import filters
from torch import Tensor

from analysis.faithfulness.choices import REPLACEMENTS
from stvit import STViT
from stvit.capturing.shared_model import evaluating
from stvit.grid import STRIDES
from stvit.partial_runs import features_before, logits_from

Pixels: TypeAlias = Float[Tensor, "1 channels height width"]
Answer: TypeAlias = Callable[[Bool[Tensor, "variants height width"]], Float[Tensor, "variants classes"]]
"""Logits for each way of removing pixels."""

BLUR = 10 / 224
"""Standard deviation of the blur as a share of the short side: 10 px of 224 (Fong and Vedaldi, ICCV 2017)."""


def answer_with(model: STViT, pixels: Pixels, replacement: str) -> Answer:
    """Return what a model answers when pixels are removed.

    Args:
        model: The model, which runs in evaluation mode and without gradient.
        pixels: One normalised image, shape (1, 3, H, W).
        replacement: A name of `REPLACEMENTS`. "mean" and "blur" replace pixels; "token" runs the stem on the whole
            picture and gives tokens at least half of which are removed the mean of all its tokens.

    Raises:
        ValueError: If there is no such replacement, or not exactly one image.
    """
    if replacement not in REPLACEMENTS:
        raise ValueError(f"There is no replacement {replacement!r}; known are {', '.join(REPLACEMENTS)}.")
    if len(pixels) != 1:
        raise ValueError(f"Expected one image, got {len(pixels)}; pass them one by one, as pixels[i : i + 1].")
    if replacement == "token":
        return _with_tokens_replaced(model, pixels)
    other = mean_colour(pixels) if replacement == "mean" else blurred(pixels)

    @torch.no_grad()
    def answer(removed: Tensor) -> Tensor:
        with evaluating(model):
            return model(torch.where(removed.to(pixels.device)[:, None], other, pixels))

    return answer


def mean_colour(pixels: Pixels) -> Pixels:
    """Return a picture of one colour, the mean of all pixels."""
    return pixels.mean((2, 3), keepdim=True).expand_as(pixels)


def blurred(pixels: Pixels) -> Pixels:
    """Return a picture blurred by a Gaussian, its border repeated outside."""
    sigma = BLUR * min(pixels.shape[2:])
    smooth = filters.gaussian(pixels[0].numpy(force=True).astype(np.float64), sigma, mode="nearest", channel_axis=0)
    return torch.from_numpy(smooth)[None].to(pixels)


@torch.no_grad()
def _with_tokens_replaced(model: STViT, pixels: Pixels) -> Answer:
    first = next(iter(model.blocks()))
    with evaluating(model):
        tokens = features_before(model, pixels, first)
    mean = tokens.mean((2, 3), keepdim=True)

    @torch.no_grad()
    def answer(removed: Tensor) -> Tensor:
        share = F.avg_pool2d(removed[:, None].to(tokens), STRIDES[0], ceil_mode=True, count_include_pad=False)
        with evaluating(model):
            return logits_from(model, torch.where(share >= 0.5, mean, tokens), first)

    return answer
