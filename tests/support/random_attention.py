"""Attentions with random factors."""

import torch

from stvit import DecomposedAttention, SoftmaxAttention, TokenGrid, associate


def token_attention(grid: TokenGrid, heads: int = 2, association=None, dtype=torch.float64) -> DecomposedAttention:
    query, key = 2 * torch.randn(2, heads, grid.num_super_tokens, 4, dtype=dtype)
    tokens = 2 * torch.randn(1, 5, grid.height, grid.width, dtype=dtype)
    return DecomposedAttention(association or associate(tokens, grid).to_sparse(), SoftmaxAttention(query, key, 0.5))
