"""How redundant an attention is: numbers for every token and head, from its rows, streamed in blocks."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from analysis.attention_sources import RowSource
from analysis.row_blocks import RowBlock, row_blocks
from stvit import TokenGrid


def per_token(
    source: RowSource, grid: TokenGrid, token_pixels: float | tuple[float, float]
) -> dict[str, Float[np.ndarray, "heads tokens"]]:
    """Measure every row of an attention in one pass.

    Rows that keep less than all their mass (token attention near the border) are measured conditional on the mass
    kept, that is, row / row sum; "mass" reports what was kept. A row without mass gives entropy and distance 0.

    Args:
        source: Any attention over the grid's tokens.
        grid: Where the tokens lie.
        token_pixels: Pixels of the image per token, one number or (height, width).

    Returns:
        By metric, shape (heads, N): "mass"; "entropy" in nats; "distance", the mean attention distance
        sum_j a_ij |position_i - position_j| in image pixels (Dosovitskiy et al., 2021).

    Raises:
        ValueError: If the attention and the grid have different numbers of tokens.
    """
    _check_tokens(source, grid)
    blocks = [_measure(block, grid, token_pixels) for block in row_blocks(source)]
    return {name: torch.cat([block[name] for block in blocks], dim=1).numpy() for name in blocks[0]}


def _measure(block: RowBlock, grid: TokenGrid, token_pixels: float | tuple[float, float]) -> dict[str, Tensor]:
    mass = block.weight.sum(-1)
    weight = block.weight / mass.clamp(min=torch.finfo(mass.dtype).tiny).unsqueeze(-1)
    return {
        "mass": mass,
        "entropy": torch.special.entr(weight).sum(-1),
        "distance": (weight * _distances(block, grid, token_pixels)).sum(-1),
    }


def _distances(block: RowBlock, grid: TokenGrid, token_pixels: float | tuple[float, float]) -> Tensor:
    """Return the distance in pixels of each weight's token from its row's token, shape (rows, k)."""
    tall, wide = (token_pixels, token_pixels) if isinstance(token_pixels, int | float) else token_pixels
    anchor = torch.arange(block.start, block.stop)[:, None]
    token = torch.arange(grid.num_tokens)[None] if block.token is None else block.token.cpu()
    down = (anchor // grid.width - token // grid.width) * float(tall)
    across = (anchor % grid.width - token % grid.width) * float(wide)
    return torch.hypot(down, across).to(block.weight.device)


def _check_tokens(source: RowSource, grid: TokenGrid) -> None:
    if source.num_tokens != grid.num_tokens:
        raise ValueError(
            f"The attention has {source.num_tokens} tokens but the grid {grid.height} x {grid.width} has "
            f"{grid.num_tokens}; pass the grid of the same block."
        )
