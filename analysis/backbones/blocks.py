"""The blocks of a backbone: which modules compute their attention, and how its tokens are laid out."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from analysis.backbones.families import Family
from analysis.backbones.layouts import Layout, SequenceLayout, WindowLayout
from stvit import BlockId, TokenGrid

LARGEST_LOGIT_SCALE = 100.0
"""Swin v2 multiplies cosines by at most this (Liu et al., CVPR 2022, section 3.3)."""

LARGEST_BIAS = 16.0
"""Swin v2's position bias is 16 sigmoid(...), as in its released code."""


@dataclass(frozen=True, eq=False)
class BackboneBlock:
    """One block of a backbone.

    Attributes:
        id: Its stage and block.
        attention: The module that computes its attention.
        query: Its projection to queries.
        key: Its projection to keys.
        layer: The block around it where the attention is inside windows.
    """

    id: BlockId
    attention: Any
    query: nn.Module
    key: nn.Module
    layer: Any = None

    def layout(self, grid: TokenGrid, extra: dict[str, int]) -> Layout:
        """Return how the tokens are laid out in the current run (windows depend on the picture)."""
        heads = self.attention.num_attention_heads
        if self.layer is None:
            return SequenceLayout(grid, heads, self.attention.scaling, extra)
        scale = 1.0 if _is_cosine(self.attention) else self.attention.scaling
        bias = _position_bias(self.attention).detach()
        return WindowLayout(grid, heads, scale, int(self.layer.window_size), int(self.layer.shift_size), bias)

    def logits_factors(
        self, query: Float[Tensor, "batch heads tokens head_dim"], key: Float[Tensor, "batch heads tokens head_dim"]
    ) -> tuple[Tensor, Tensor]:
        """Return q and k such that q k^T times the scale of the layout are the logits: Swin v2 takes cosines."""
        if not _is_cosine(self.attention):
            return query, key
        scale = self.attention.logit_scale.detach().clamp(max=math.log(LARGEST_LOGIT_SCALE)).exp()
        return F.normalize(query, dim=-1) * scale, F.normalize(key, dim=-1)


def find_blocks(model: Any, family: Family) -> list[BackboneBlock]:
    """Return the blocks of a model in order of depth."""
    attentions = _of_class(model, family.attention)
    layers = [None] * len(attentions) if family.layer is None else _of_class(model, family.layer)
    depths = [len(attentions)] if family.layer is None else model.config.depths
    ids = [BlockId(stage, block) for stage, depth in enumerate(depths) for block in range(depth)]
    return [
        BackboneBlock(id_, module, getattr(module, family.query), getattr(module, family.key), layer)
        for id_, module, layer in zip(ids, attentions, layers, strict=True)
    ]


@contextmanager
def windows_as_loaded(blocks: list[BackboneBlock]) -> Iterator[None]:
    """Undo what a run does to windows: transformers' Swin shrinks them for good when a picture is small."""
    layers = [block.layer for block in blocks if block.layer is not None]
    before = [(layer.window_size, layer.shift_size) for layer in layers]
    try:
        yield
    finally:
        for layer, (window, shift) in zip(layers, before, strict=True):
            layer.window_size, layer.shift_size = window, shift


def _of_class(model: Any, name: str) -> list[Any]:
    return [module for module in model.modules() if type(module).__name__ == name]


def _is_cosine(attention: nn.Module) -> bool:
    return hasattr(attention, "logit_scale")


def _position_bias(attention: Any) -> Float[Tensor, "heads row_offsets column_offsets"]:
    """Return the bias of each head by offset of query and key, which both models number row by row."""
    if not _is_cosine(attention):
        table = attention.relative_position_bias.relative_position_bias_table
        side = 2 * attention.relative_position_bias.window_size[0] - 1
    else:
        raw = attention.continuous_position_bias_mlp(attention.relative_coords_table)  # (1, 2 w - 1, 2 w - 1, heads)
        table, side = LARGEST_BIAS * torch.sigmoid(raw).flatten(0, 2), raw.shape[1]
    return table.T.reshape(-1, side, side)
