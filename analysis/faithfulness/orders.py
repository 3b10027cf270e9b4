"""Relevance of pixels by name, from which groups get their order."""

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from analysis.faithfulness.choices import ORDERS
from analysis.faithfulness.groups import Groups
from analysis.relevance.class_gradient import class_gradients
from analysis.relevance.footprint import Footprints
from analysis.relevance.rollout import rollout
from stvit import Capture, STViT
from stvit.capturing.shared_model import evaluating

MAPPED = tuple(name for name in ORDERS if name not in ("random", "greedy"))
"""Orders that follow from a map of relevance."""


def gradient_times_input(
    model: STViT, pixels: Float[Tensor, "1 channels height width"], target: int
) -> Float[np.ndarray, "height width"]:
    """Return |d logit / d pixel * pixel| summed over the colour channels (Shrikumar et al. 2016, |gradient x input|).

    The pixel is the normalised one, so a pixel of the mean colour of the training data counts 0 whatever its gradient.

    Args:
        model: The model, whose parameters collect no gradient.
        pixels: One normalised image, shape (1, 3, H, W).
        target: The class, counted from 0.
    """
    with torch.enable_grad(), evaluating(model):
        wanted = pixels.detach().requires_grad_()
        (slope,) = torch.autograd.grad(model(wanted)[0, target], wanted)
    product: Float[np.ndarray, "height width"] = (slope * pixels).abs().sum(1)[0].double().numpy(force=True)
    return product


def pixel_relevance(
    model: STViT, cap: Capture, pixels: Float[Tensor, "1 channels height width"], target: int, orders: Iterable[str]
) -> dict[str, Float[np.ndarray, "height width"]]:
    """Return the relevance of every pixel by the names of some orders; "random" and "greedy" have none.

    Args:
        model: The model.
        cap: A capture of the pixels with every block.
        pixels: One normalised image.
        target: The class, counted from 0.
        orders: Names of `ORDERS`.

    Raises:
        ValueError: If an order is unknown, or a block mixes its tokens by a convolution and a rollout is wanted.
        IndexError: If there is no such class.
    """
    rules: Mapping[str, Callable[[], np.ndarray]] = {
        "class_rollout": lambda: _rollout(model, cap, pixels, target),
        "rollout": lambda: _rollout(model, cap, pixels, None),
        "gradient": lambda: gradient_times_input(model, pixels, target),
    }
    wanted = list(orders)
    unknown = [name for name in wanted if name not in ORDERS]
    if unknown:
        raise ValueError(f"There is no order {unknown[0]!r}; known are {', '.join(ORDERS)}.")
    return {name: rules[name]() for name in MAPPED if name in wanted}


def group_relevance(
    maps: Mapping[str, Float[np.ndarray, "height width"]], groups: Groups
) -> dict[str, Float[np.ndarray, " groups"]]:
    """Return the relevance of groups by order: sums over their pixels."""
    return {name: groups.totals(values) for name, values in maps.items()}


def _rollout(model: STViT, cap: Capture, pixels: Tensor, target: int | None) -> np.ndarray:
    weights = None if target is None else class_gradients(model, pixels, target)
    found: np.ndarray = rollout(cap, Footprints.of(model), weights=weights).pixels.double().numpy(force=True)
    return found
