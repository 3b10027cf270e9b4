"""Tokens regrouped by cell, and super tokens exchanged with their 3 x 3 neighbours: no index, only folding."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from stvit.grid import NEIGHBOURS, TokenGrid


def to_cells(values: Float[Tensor, "batch tokens channels"], grid: TokenGrid) -> Tensor:
    """Regroup tokens (B, N, C) by cell, (B, M, P, C), with zeros as padding tokens.

    Example:
        >>> to_cells(torch.arange(8.0).view(1, 8, 1), TokenGrid(2, 4, 2))[0, :, :, 0]
        tensor([[0., 1., 4., 5.],
                [2., 3., 6., 7.]])
    """
    batch, _, channels = values.shape
    (tall, wide), (bottom, right) = grid.cell_size, grid.padding
    padded = F.pad(values.reshape(batch, grid.height, grid.width, channels), (0, 0, 0, right, 0, bottom))
    cells = padded.reshape(batch, grid.rows, tall, grid.columns, wide, channels).transpose(2, 3)
    return cells.reshape(batch, grid.num_super_tokens, grid.tokens_per_cell, channels)


def from_cells(cells: Float[Tensor, "batch cells tokens_per_cell channels"], grid: TokenGrid) -> Tensor:
    """Undo `to_cells`: (B, M, P, C) to (B, N, C), dropping padding tokens.

    Example:
        >>> from_cells(torch.tensor([[[[0.0], [1.0]], [[2.0], [3.0]]]]), TokenGrid(1, 4, (1, 2))).flatten()
        tensor([0., 1., 2., 3.])
    """
    batch, _, _, channels = cells.shape
    tall, wide = grid.cell_size
    rows = cells.reshape(batch, grid.rows, grid.columns, tall, wide, channels).transpose(2, 3)
    image = rows.reshape(batch, grid.rows * tall, grid.columns * wide, channels)
    return image[:, : grid.height, : grid.width].reshape(batch, grid.num_tokens, channels)


def gather_neighbours(values: Float[Tensor, "batch cells channels"], grid: TokenGrid) -> Tensor:
    """Collect the nine neighbours of each super token, (B, M, C) to (B, M, C, 9); phantoms are zero.

    A convolution with one-hot kernels, as in the released model, so that counted operations match too.

    Example:
        >>> gather_neighbours(torch.tensor([[[5.0], [7.0]]]), TokenGrid(1, 2))[0, 0, 0]
        tensor([0., 0., 0., 0., 5., 7., 0., 0., 0.])
    """
    batch, cells, channels = values.shape
    image = values.transpose(1, 2).reshape(batch * channels, 1, grid.rows, grid.columns)
    patches = F.conv2d(image, _one_hot_kernels(values), padding=1)  # (B C, 9, rows, columns)
    # Copied, so that those of a cell lie together: batched products of anything else go cell by cell.
    return patches.reshape(batch, channels, NEIGHBOURS, cells).permute(0, 3, 2, 1).contiguous().transpose(-1, -2)


def fold_neighbours(values: Float[Tensor, "batch cells channels 9"], grid: TokenGrid) -> Tensor:
    """Add values meant for nine neighbours to them, (B, M, C, 9) to (B, M, C); phantoms' share is dropped.

    The transpose of `gather_neighbours`.

    Example:
        >>> fold_neighbours(torch.ones(1, 2, 1, 9), TokenGrid(1, 2)).flatten()  # from itself and from the other one
        tensor([2., 2.])
    """
    batch, cells, channels, _ = values.shape
    patches = values.permute(0, 2, 3, 1).reshape(batch * channels, NEIGHBOURS, grid.rows, grid.columns)
    image = F.conv_transpose2d(patches, _one_hot_kernels(values), padding=1)
    return image.reshape(batch, channels, cells).transpose(1, 2)


def _one_hot_kernels(like: Tensor) -> Float[Tensor, "9 1 3 3"]:
    """Return nine 3 x 3 kernels that each pick one neighbour, row-major."""
    return torch.eye(NEIGHBOURS, dtype=like.dtype, device=like.device).reshape(NEIGHBOURS, 1, 3, 3)
