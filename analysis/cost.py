"""What attention costs: the paper's formulas against operations counted by PyTorch on the actual modules.

N tokens, M super tokens, C channels; one operation is a multiply-accumulate (MAC).
"""

from collections.abc import Sequence

import pandas as pd
import torch
from torch.utils.flop_counter import FlopCounterMode

from stvit import STViTConfig, TokenGrid
from stvit.attention import SuperTokenAttention

FLOPS_PER_MAC = 2

STRIDES = (4, 8, 16, 32)
"""Pixels per token and axis of each stage."""

COST_SIZES = (224, 288, 384, 512, 768, 1024)
"""Sides of the pictures, in px, that costs are shown for."""


def global_attention_macs(tokens: int, channels: int) -> int:
    """Return the MACs of global attention, 2 N^2 C + 4 N C^2 (paper, section 3.3)."""
    return 2 * tokens**2 * channels + 4 * tokens * channels**2


def super_token_attention_macs(tokens: int, super_tokens: int, channels: int) -> int:
    """Return the MACs of super token attention, 19 N C + 2 M^2 C + 4 M C^2 + 9 N C (paper, section 3.3).

    Association and sampling, attention among super tokens with its projections, and upsampling, in this order.
    """
    sampling, upsampling = 19 * tokens * channels, 9 * tokens * channels
    return sampling + global_attention_macs(super_tokens, channels) + upsampling


def dense_sampling_macs(tokens: int, super_tokens: int, channels: int, iterations: int = 1) -> int:
    """Return the MACs of sampling with every token compared to every super token, 2 v M N C."""
    return 2 * iterations * super_tokens * tokens * channels


def counted_macs(grid: TokenGrid, channels: int, heads: int, num_iters: int = 1) -> int:
    """Count the MACs of one attention module on a grid with PyTorch's own counter; nothing is computed.

    Args:
        grid: Tokens and cell; cell 1 is global attention.
        channels: C.
        heads: Attention heads.
        num_iters: Iterations of the sampling.
    """
    with torch.device("meta"):
        module = SuperTokenAttention(channels, heads, grid.cell, num_iters)
        tokens = torch.empty(1, channels, grid.height, grid.width)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module(tokens)
    return counter.get_total_flops() // FLOPS_PER_MAC


def cost_table(config: STViTConfig, sizes: Sequence[int], stages: Sequence[int] = (0, 1)) -> pd.DataFrame:
    """Tabulate the attention of one block of each stage over image sizes.

    Args:
        config: The model.
        sizes: Sides of square images in px.
        stages: Which stages, counted from 0.

    Returns:
        Columns: size (px), stage, tokens, super_tokens, attention ("super", "global"), formula (MAC), counted (MAC).
    """
    rows = []
    for size in sizes:
        for stage in stages:
            side = -(-size // STRIDES[stage])
            grid = TokenGrid(side, side, config.cells[stage])
            channels, heads = config.embed_dims[stage], config.num_heads[stage]
            place = {"size": size, "stage": stage, "tokens": grid.num_tokens, "super_tokens": grid.num_super_tokens}
            through = {
                "attention": "super",
                "formula": super_token_attention_macs(grid.num_tokens, grid.num_super_tokens, channels),
                "counted": counted_macs(grid, channels, heads, config.num_iters[stage]),
            }
            whole = {
                "attention": "global",
                "formula": global_attention_macs(grid.num_tokens, channels),
                "counted": counted_macs(TokenGrid(side, side, 1), channels, heads),
            }
            rows += [place | through, place | whole]
    return pd.DataFrame(rows)


def crossing(channels: int, tokens_per_super_token: int) -> float:
    """Return the number of tokens above which super tokens cost less by the formulas; 0 if they always do.

    With M = N / P, 28 N C + 2 M^2 C + 4 M C^2 < 2 N^2 C + 4 N C^2 where
    N > (14 - 2 C (1 - 1/P)) / (1 - 1/P^2).

    Args:
        channels: C.
        tokens_per_super_token: P, at least 2.

    Raises:
        ValueError: If P is below 2, where there is nothing to compare.
    """
    if tokens_per_super_token < 2:
        raise ValueError(f"A crossing needs at least 2 tokens per super token, got {tokens_per_super_token}.")
    share = 1 / tokens_per_super_token
    return max(0.0, (14 - 2 * channels * (1 - share)) / (1 - share**2))
