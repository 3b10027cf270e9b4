"""Small models and layouts that the tests share."""

import torch
from torch import Tensor, nn

from stvit import STViT, STViTConfig, TokenGrid

CONFIG = STViTConfig(
    num_classes=7,
    embed_dims=(12, 16, 24, 24),
    depths=(2, 1, 1, 1),
    num_heads=(3, 2, 4, 6),
    cells=((4, 8), 4, 2, 1),
    num_iters=(2, 3, 1, 1),
    projection_dim=20,
    layer_scale_init=(None, None, 0.1, 0.1),
)
"""All a model can have: cells of both kinds, several heads and iterations, LayerScale."""

GRIDS = {
    "square": TokenGrid(8, 8, 4),
    "rectangular cells": TokenGrid(8, 16, (4, 8)),
    "padded": TokenGrid(7, 9, 4),
    "padded by more than half a cell": TokenGrid(9, 5, (4, 3)),
    "one row": TokenGrid(2, 9, (2, 3)),
    "one column": TokenGrid(7, 3, (2, 4)),
    "one cell": TokenGrid(3, 3, 3),
    "one padded cell": TokenGrid(2, 3, 5),
    "one token": TokenGrid(1, 1, 2),
    "cell 1": TokenGrid(3, 4, 1),
}


def tiny_model(dtype: torch.dtype = torch.float32, **overrides: object) -> STViT:
    """Build a model in evaluation mode in which no norm, bias or scale is trivial."""
    model = STViT(STViTConfig(**{**vars(CONFIG), **overrides})).to(dtype)
    with torch.no_grad():
        for norm in model.modules():
            if isinstance(norm, nn.BatchNorm2d):
                norm.running_mean.normal_(std=0.1)
                norm.running_var.uniform_(0.5, 1.5)
            if isinstance(norm, nn.BatchNorm2d | nn.LayerNorm):
                norm.weight.uniform_(0.5, 1.5)
                norm.bias.normal_(std=0.1)
    return model.eval()


def tiny_pixels(batch: int = 2, height: int = 96, width: int = 100, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return pixels whose token grids are padded in every stage that can be."""
    return torch.randn(batch, 3, height, width, dtype=dtype)
