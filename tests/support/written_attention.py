"""Attention written out, so that PyTorch gives the gradient by A(S) itself."""

import copy

import torch
from torch import Tensor, nn

from stvit import STViT


class Written(nn.Module):
    """Self-attention of one block with A(S) as a tensor that keeps its gradient."""

    def __init__(self, refine: nn.Module) -> None:
        super().__init__()
        self.refine = refine

    def forward(self, features: Tensor) -> Tensor:
        batch, channels, rows, columns = features.shape
        joint = self.refine.qkv(features).reshape(batch, self.refine.heads, -1, rows * columns)
        query, key, value = joint.split(channels // self.refine.heads, dim=2)  # (B, heads, d, M)
        logits = torch.einsum("bhdi,bhdj->bhij", query, key) / query.shape[2] ** 0.5
        self.attention = logits.softmax(-1)
        self.attention.retain_grad()
        mixed = torch.einsum("bhij,bhdj->bhdi", self.attention, value)
        return self.refine.proj(mixed.reshape(features.shape))


def written_weights(model: STViT, pixels: Tensor, target: int) -> dict:
    """Return E_h[(dy/dA * A)^+] of each block, shape (M, M)."""
    twin = copy.deepcopy(model)
    for block in twin.blocks().values():
        block.attention.refine = Written(block.attention.refine)
    twin(pixels)[0, target].backward()
    kept = {block: module.attention.refine.attention for block, module in twin.blocks().items()}
    return {block: (kept.grad * kept).clamp(min=0)[0].mean(0).detach() for block, kept in kept.items()}
