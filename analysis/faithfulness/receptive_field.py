"""Effective receptive fields: which pixels move the centre token of a block, and how large an area holds their share.

The map is the mean over pictures and colour channels of |d (sum over channels of the token) / d pixel| (Luo et al.,
NeurIPS 2016). Its size is that of the smallest square around the token that holds 20, 30, 50 or 99 % of the sum, as in
Ding et al. (CVPR 2022, RepLKNet). The same is measured of the rollout footprint, which follows the paths but not the
values: where both agree, the paths say what the features do.
"""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor, nn

from analysis.backbones import Backbone, BackboneCapture
from analysis.faithfulness.runs import Progress, silent
from analysis.relevance.footprint import Footprints
from analysis.relevance.rollout import rollout
from stvit import BlockId, Capture, STViT
from stvit.capturing.shared_model import attached, evaluating, in_this_thread

LEVELS = (0.2, 0.3, 0.5, 0.99)
"""Shares of the sum that a square holds."""


@dataclass(frozen=True, eq=False)
class ReceptiveField:
    """Which pixels a token depends on.

    Attributes:
        block: Block that gives the token.
        token: Its row and column.
        centre: Centre of its place in the picture, row and column in pixels (a pixel's own centre is at +0.5).
        pixels: Share of each pixel, summing to 1 (all 0 if the token depends on none).
    """

    block: BlockId
    token: tuple[int, int]
    centre: tuple[float, float]
    pixels: Float[np.ndarray, "height width"]

    def side(self, level: float) -> float:
        """Return the side in pixels of the smallest square around the token that holds a share, before it is cut."""
        return 2 * self._reach(level)

    def area(self, level: float) -> float:
        """Return the share of the picture that this square covers; what lies outside the picture does not count."""
        return float((self._distances() <= self._reach(level) + 1e-9).mean())

    def _reach(self, level: float) -> float:
        distances = self._distances().ravel()
        order = np.argsort(distances, kind="stable")
        held = self.pixels.ravel()[order].cumsum()
        if held[-1] == 0:
            return math.nan
        return float(distances[order[np.searchsorted(held, level * held[-1] * (1 - 1e-9))]])

    def _distances(self) -> Float[np.ndarray, "height width"]:
        """Return half the side of the square around the token that just holds each pixel."""
        rows, columns = (
            np.abs(np.arange(size) + 0.5 - middle) + 0.5
            for size, middle in zip(self.pixels.shape, self.centre, strict=True)
        )
        found: Float[np.ndarray, "height width"] = np.maximum(rows[:, None], columns)
        return found


def receptive_fields(
    model: STViT | Backbone, pixels: Float[Tensor, "batch channels height width"], progress: Progress = silent
) -> dict[BlockId, ReceptiveField]:
    """Measure the gradient of the centre token of every block.

    The model runs once forward; each block takes one backward pass. An STViT passes no gradient through its association
    where it detaches it, as released models do.

    Args:
        model: An STViT or a backbone.
        pixels: Normalised images, over which the mean is taken.
        progress: Told after each block.

    Raises:
        ValueError: If the pixels do not fit the model.
    """
    wanted = pixels.detach().clone().requires_grad_()
    fields: dict[BlockId, ReceptiveField] = {}
    with torch.enable_grad(), _listening(_layers(model)) as heard:
        _run(model, wanted)
        grids = {block: _grid(model, block, pixels) for block in heard}
        for block, output in heard.items():
            row, column = ((side - 1) // 2 for side in grids[block])
            token = _as_map(output, grids[block])[:, :, row, column].sum()
            (slope,) = torch.autograd.grad(token, wanted, retain_graph=True, allow_unused=True)
            found = torch.zeros_like(pixels) if slope is None else slope.abs()
            fields[block] = _field(block, (row, column), _token_pixels(model, block), found.mean((0, 1)))
            progress(len(fields), len(heard), f"Gradients of {block.caption}")
    return fields


def rollout_fields(model: STViT, cap: Capture, progress: Progress = silent) -> dict[BlockId, ReceptiveField]:
    """Return the rollout footprint of the centre token of every block, in the same form.

    Args:
        model: The model that was captured.
        cap: A capture of one picture with every block; all need an attention.
        progress: Told after each block.

    Raises:
        NoAttentionError: If a block mixes its tokens by a convolution.
    """
    footprints, fields = Footprints.of(model), dict[BlockId, ReceptiveField]()
    for block, record in cap.items():
        row, column = ((side - 1) // 2 for side in (record.grid.height, record.grid.width))
        found = rollout(cap, footprints, block, record.grid.token(row, column)).pixels
        fields[block] = _field(block, (row, column), record.token_pixels, found)
        progress(len(fields), len(cap), f"Rollout of {block.caption}")
    return fields


def fields_of(
    model: STViT | Backbone,
    cap: Capture | BackboneCapture,
    pixels: Float[Tensor, "1 channels height width"],
    progress: Progress = silent,
) -> dict[str, dict[BlockId, ReceptiveField]]:
    """Return receptive fields by kind: "gradient", and "rollout" where the model has one (an STViT with attention).

    Args:
        model: An STViT or a backbone.
        cap: Its capture of the pixels, with every block.
        pixels: One normalised image.
        progress: Told after each block.
    """
    found = {"gradient": receptive_fields(model, pixels, progress)}
    if isinstance(model, STViT) and isinstance(cap, Capture) and all(record.has_attention for record in cap.values()):
        found["rollout"] = rollout_fields(model, cap, progress)
    return found


def field_table(by_kind: Mapping[str, Mapping[BlockId, ReceptiveField]]) -> pd.DataFrame:
    """Return one line for each kind ("gradient", "rollout"), block and level.

    Returns:
        Columns: kind, stage, block (from 0), level (share held), side (px), area (share of the picture).
    """
    rows = [
        {"kind": kind, "stage": block.stage, "block": block.block, "level": level}
        | {"side": field.side(level), "area": field.area(level)}
        for kind, fields in by_kind.items()
        for block, field in fields.items()
        for level in LEVELS
    ]
    return pd.DataFrame(rows, columns=["kind", "stage", "block", "level", "side", "area"])


def _field(block: BlockId, token: tuple[int, int], side: int, found: Tensor) -> ReceptiveField:
    values = found.double().numpy(force=True)
    total = values.sum()
    centre = (token[0] + 0.5) * side, (token[1] + 0.5) * side
    return ReceptiveField(block, token, centre, values / total if total > 0 else values)


def _layers(model: STViT | Backbone) -> Mapping[BlockId, nn.Module]:
    return model.layers() if isinstance(model, Backbone) else model.blocks()


def _run(model: STViT | Backbone, pixels: Tensor) -> None:
    if isinstance(model, Backbone):
        model.run(pixels)
        return
    with evaluating(model):
        model(pixels)


def _token_pixels(model: STViT | Backbone, block: BlockId) -> int:
    return model.patch * 2**block.stage if isinstance(model, Backbone) else block.stride


def _grid(model: STViT | Backbone, block: BlockId, pixels: Tensor) -> tuple[int, int]:
    side = _token_pixels(model, block)
    return -(-pixels.shape[2] // side), -(-pixels.shape[3] // side)


def _as_map(output: Tensor, grid: tuple[int, int]) -> Float[Tensor, "batch channels height width"]:
    """Return the tokens of the picture as a map: a backbone gives them as a row, behind class and register tokens."""
    if output.ndim == 4:
        return output
    return output[:, -grid[0] * grid[1] :].transpose(1, 2).unflatten(2, grid)


@contextmanager
def _listening(layers: Mapping[BlockId, nn.Module]) -> Iterator[dict[BlockId, Tensor]]:
    """Keep the output of each block with its graph, of this thread's runs only."""
    heard: dict[BlockId, Tensor] = {}

    def keep(block: BlockId, module: nn.Module, inputs: Any, output: Any) -> None:
        heard[block] = output if isinstance(output, Tensor) else output[0]

    with attached(layer.register_forward_hook(in_this_thread(partial(keep, block))) for block, layer in layers.items()):
        yield heard
