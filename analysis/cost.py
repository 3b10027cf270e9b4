"""What attention costs: the paper's formulas against operations counted by PyTorch and times measured on this machine.

N tokens, M super tokens, C channels; one operation is a multiply-accumulate (MAC).
"""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import torch
from torch.utils.flop_counter import FlopCounterMode

from stvit import BlockId, STViTConfig, TokenGrid
from stvit.attention import SuperTokenAttention
from stvit.grid import stage_grid

FLOPS_PER_MAC = 2

COST_SIZES = (224, 288, 384, 512, 768, 1024)
"""Sides of the pictures, in px, that costs are shown for."""

MEASURED_SIZES: Mapping[str, Sequence[int]] = {"super": COST_SIZES, "global": COST_SIZES[:-1]}
"""Global attention over the 65,536 tokens of 1024 px would take half a minute, so it is measured up to 768 px."""

REPEATS = 3


def global_attention_macs(tokens: int, channels: int) -> int:
    """Return the MACs of global attention, 2 N^2 C + 4 N C^2 (paper, section 3.3).

    Example:
        >>> global_attention_macs(tokens=4, channels=2)  # 2 * 16 * 2 + 4 * 4 * 4
        128
    """
    return 2 * tokens**2 * channels + 4 * tokens * channels**2


def super_token_attention_macs(tokens: int, super_tokens: int, channels: int) -> int:
    """Return the MACs of super token attention, 19 N C + 2 M^2 C + 4 M C^2 + 9 N C (paper, section 3.3).

    Association and sampling, attention among super tokens with its projections, and upsampling, in this order.

    Example:
        >>> super_token_attention_macs(tokens=4, super_tokens=1, channels=2)  # 19 * 8 + (2 * 2 + 4 * 4) + 9 * 8
        244
    """
    sampling, upsampling = 19 * tokens * channels, 9 * tokens * channels
    return sampling + global_attention_macs(super_tokens, channels) + upsampling


def attention_macs(config: STViTConfig, height: int, width: int) -> dict[BlockId, int]:
    """Return the MACs of what mixes the tokens of each block, by the formulas, in order of depth.

    Inside windows tokens attend to w^2 others at most, 2 N w^2 C + 4 N C^2; convolutions are counted without their
    depthwise part, 2 N C^2.

    Args:
        config: The model.
        height: Of the picture in pixels.
        width: Of the picture in pixels.

    Example:
        >>> attention_macs(STViTConfig(), 224, 224)[BlockId(3, 0)] == global_attention_macs(tokens=49, channels=512)
        True
    """
    return {
        BlockId(stage, block): macs
        for stage, depth in enumerate(config.depths)
        for macs in [_mixer_macs(config, stage, stage_grid(height, width, stage, config.cells[stage]))]
        for block in range(depth)
    }


def _mixer_macs(config: STViTConfig, stage: int, grid: TokenGrid) -> int:
    tokens, channels, mixer = grid.num_tokens, config.embed_dims[stage], config.mixers[stage]
    if mixer == "conv":
        return 2 * tokens * channels**2
    if mixer == "window":
        return 2 * tokens * min(tokens, config.window**2) * channels + 4 * tokens * channels**2
    if grid.is_identity:
        return global_attention_macs(tokens, channels)
    return super_token_attention_macs(tokens, grid.num_super_tokens, channels)


def counted_macs(grid: TokenGrid, channels: int, heads: int, num_iters: int = 1) -> int:
    """Count the MACs of one attention module on a grid with PyTorch's own counter; nothing is computed.

    Args:
        grid: Tokens and cell; cell 1 is global attention.
        channels: C.
        heads: Attention heads.
        num_iters: Iterations of the sampling.

    Example:
        >>> counted_macs(TokenGrid(2, 2), channels=2, heads=1) == global_attention_macs(tokens=4, channels=2)
        True
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

    Raises:
        ValueError: If one of the stages has no super tokens.
    """
    for stage in stages:
        check_compared(config, stage)
    rows = []
    for size in sizes:
        for stage in stages:
            grid = stage_grid(size, size, stage, config.cells[stage])
            channels, heads = config.embed_dims[stage], config.num_heads[stage]
            common = {"size": size, "stage": stage, "tokens": grid.num_tokens, "super_tokens": grid.num_super_tokens}
            through = {
                "attention": "super",
                "formula": super_token_attention_macs(grid.num_tokens, grid.num_super_tokens, channels),
                "counted": counted_macs(grid, channels, heads, config.num_iters[stage]),
            }
            whole = {
                "attention": "global",
                "formula": global_attention_macs(grid.num_tokens, channels),
                "counted": counted_macs(stage_grid(size, size, stage), channels, heads),
            }
            rows += [common | through, common | whole]
    return pd.DataFrame(rows)


def check_compared(config: STViTConfig, stage: int) -> None:
    """Check that a stage has super tokens, whose cost can be compared with that of global attention.

    Raises:
        ValueError: If it has none.
    """
    if stage_grid(32, 32, stage, config.cells[stage]).is_identity:
        raise ValueError(
            f"Stage {stage + 1} of this model has no super tokens (its mixer is {config.mixers[stage]!r} with cell 1), "
            "so there is no cost to compare; choose a model that has."
        )


def crossing(channels: int, tokens_per_super_token: int) -> float:
    """Return the number of tokens above which super tokens cost less by the formulas; 0 if they always do.

    With M = N / P, 28 N C + 2 M^2 C + 4 M C^2 < 2 N^2 C + 4 N C^2 where
    N > (14 - 2 C (1 - 1/P)) / (1 - 1/P^2).

    Args:
        channels: C.
        tokens_per_super_token: P, at least 2.

    Raises:
        ValueError: If P is below 2, where there is nothing to compare.

    Example:
        >>> crossing(channels=8, tokens_per_super_token=2)  # (14 - 8) / 0.75
        8.0
    """
    if tokens_per_super_token < 2:
        raise ValueError(f"A crossing needs at least 2 tokens per super token, got {tokens_per_super_token}.")
    share = 1 / tokens_per_super_token
    return max(0.0, (14 - 2 * channels * (1 - share)) / (1 - share**2))


def time_table(
    config: STViTConfig,
    stage: int,
    sizes: Mapping[str, Sequence[int]] = MEASURED_SIZES,
    progress: Callable[[str, int, int, int], None] | None = None,
) -> pd.DataFrame:
    """Measure the median time of one attention block of a stage on random tokens.

    Args:
        config: The model.
        stage: Counted from 0.
        sizes: Sides of square pictures in px, for each kind of attention ("super", "global").
        progress: Called with (kind, size, measurements done, all) after each.

    Returns:
        Columns: size (px), stage, attention, measured (ms, median of `REPEATS`).

    Raises:
        ValueError: If the stage has no super tokens.
    """
    check_compared(config, stage)
    jobs = [(kind, size) for kind, sides in sizes.items() for size in sides]
    rows = []
    for done, (kind, size) in enumerate(jobs, start=1):
        value = _milliseconds(_block(config, stage, kind, size))
        rows.append({"size": size, "stage": stage, "attention": kind, "measured": value})
        if progress is not None:
            progress(kind, size, done, len(jobs))
    return pd.DataFrame(rows)


def _block(config: STViTConfig, stage: int, kind: str, size: int) -> Callable[[], object]:
    cell = config.cells[stage] if kind == "super" else 1
    channels, heads, grid = config.embed_dims[stage], config.num_heads[stage], stage_grid(size, size, stage)
    module = SuperTokenAttention(channels, heads, cell, config.num_iters[stage]).eval()
    tokens = torch.randn(1, channels, grid.height, grid.width)
    return lambda: module(tokens)


def _milliseconds(action: Callable[[], object]) -> float:
    with torch.no_grad():
        action()
        times = []
        for _ in range(REPEATS):
            start = time.perf_counter()
            action()
            times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e3
