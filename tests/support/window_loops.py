"""Windowed attention as one softmax over all tokens, masked token by token."""

import math

import torch
from torch import Tensor

from stvit.mixers import WindowAttention


def dense_window_weights(mixer: WindowAttention, tokens: Tensor) -> Tensor:
    """Return the attention of all tokens (B, C, H, W), shape (B, heads, N, N)."""
    batch, channels, height, width = tokens.shape
    size, heads = channels // mixer.heads, mixer.heads
    joint = mixer.qkv(tokens).flatten(2).reshape(batch, heads, 3, size, height * width)
    query, key, _ = (part.transpose(-1, -2) for part in joint.unbind(2))
    logits = query @ key.transpose(-1, -2) / math.sqrt(size)
    down = 0 if height <= mixer.window else mixer.shift
    right = 0 if width <= mixer.window else mixer.shift
    added = logits.new_full((heads, height * width, height * width), -torch.inf)
    for one in range(height * width):
        for other in range(height * width):
            (row, column), (to_row, to_column) = divmod(one, width), divmod(other, width)
            same = (row - down) // mixer.window == (to_row - down) // mixer.window
            same &= (column - right) // mixer.window == (to_column - right) // mixer.window
            if same:
                reach, table = mixer.window - 1, mixer.bias_table
                place = (row - to_row + reach, column - to_column + reach)
                added[:, one, other] = 0 if table is None else table[:, place[0], place[1]].detach()
    return (logits + added).softmax(-1)


def dense_window_attention(mixer: WindowAttention, tokens: Tensor) -> Tensor:
    """Return the output of the mixer, made of the dense weights."""
    batch, channels, height, width = tokens.shape
    value = mixer.qkv(tokens).flatten(2).reshape(batch, mixer.heads, 3, -1, height * width)[:, :, 2]
    mixed = value @ dense_window_weights(mixer, tokens).transpose(-1, -2)
    return mixer.proj(mixed.reshape(batch, channels, height, width))
