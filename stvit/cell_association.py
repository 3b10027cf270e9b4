"""The association Q as the model computes it: cell by cell, neighbours found by folding, no index."""

from dataclasses import dataclass
from typing import TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor

from stvit.association import EPSILON, Association, regular_grid
from stvit.cells import fold_neighbours, from_cells, gather_neighbours, to_cells
from stvit.grid import TokenGrid
from stvit.precision import at_least_single


@dataclass(frozen=True, eq=False)
class CellAssociation:
    """The learned association as the model computes it: nine weights per token, ordered cell by cell.

    Attributes:
        weight: Shape (B, M, P, 9) with P tokens per cell, padding tokens included.
        grid: The layout.
    """

    weight: Float[Tensor, "batch cells tokens_per_cell 9"]
    grid: TokenGrid

    @property
    def column_mass(self) -> Float[Tensor, "batch super_tokens"]:
        """Column sums of Q, padding included, shape (B, M); in single precision at least."""
        return fold_neighbours(at_least_single(self.weight).sum(2).unsqueeze(2), self.grid).flatten(1)

    def sample(self, values: Float[Tensor, "batch tokens channels"]) -> Float[Tensor, "batch cells channels"]:
        """Average values into super tokens, Q-hat^T X, shape (B, M, C); padding tokens count as zero."""
        mixed = to_cells(values, self.grid).transpose(-1, -2) @ self.weight  # (B, M, C, 9)
        return (fold_neighbours(mixed, self.grid) / (self.column_mass.unsqueeze(-1) + EPSILON)).to(mixed.dtype)

    def upsample(self, values: Float[Tensor, "batch cells channels"]) -> Float[Tensor, "batch tokens channels"]:
        """Map super tokens back to tokens, Q S, shape (B, N, C); phantoms contribute nothing."""
        neighbours = gather_neighbours(values, self.grid)  # (B, M, C, 9)
        return from_cells(self.weight @ neighbours.transpose(-1, -2), self.grid)

    def to_sparse(self) -> Association:
        """Return the same Q in general form, padding tokens folded into `padding_mass`."""
        weight = from_cells(self.weight, self.grid)
        index = self.grid.neighbour_index.to(weight.device).expand(len(weight), -1, -1)
        plain = Association(index, weight, self.grid, weight.new_zeros(len(weight), self.grid.num_super_tokens))
        if not self.grid.has_padding:
            return plain
        outside = 1 - to_cells(torch.ones_like(weight[..., :1]), self.grid)  # 1 on padding tokens
        mass = fold_neighbours((at_least_single(self.weight) * outside).sum(2).unsqueeze(2), self.grid).flatten(1)
        return Association(index, weight, self.grid, mass)


AnyAssociation: TypeAlias = Association | CellAssociation


def associate(
    tokens: Float[Tensor, "batch channels height width"],
    grid: TokenGrid,
    num_iters: int = 1,
    *,
    mask_phantoms: bool = False,
) -> AnyAssociation:
    """Compute the association of tokens with the super tokens around them (paper, section 3.2).

    Super tokens start as the averages of the regular grid. Each iteration is a softmax of x . s / sqrt(C) over
    the 3 x 3 neighbours, C being all channels, followed by s = Q-hat^T x. The last s is left to `sample`.

    Args:
        tokens: Features x, shape (B, C, H, W).
        grid: The layout; with cell 1 the result is the identity.
        num_iters: Iterations of the sampling. With 0 the association is the regular grid itself.
        mask_phantoms: Give neighbours outside the grid no mass (logit -inf). The released model does not.

    Raises:
        ValueError: If num_iters is negative.

    Example:
        Equal tokens have equal logits, and in a corner of 2 x 2 super tokens five of the nine neighbours are phantoms:

        >>> association = associate(torch.zeros(1, 3, 4, 4), TokenGrid(4, 4, 2))
        >>> round(association.to_sparse().leakage()[0, 0].item(), 3) == round(5 / 9, 3)
        True
    """
    if not isinstance(num_iters, int) or num_iters < 0:
        raise ValueError(f"num_iters must be a whole number of at least 0, got {num_iters!r}.")
    if grid.is_identity:
        return Association.identity(grid, tokens)
    if num_iters == 0:
        return regular_grid(grid, tokens)
    values = tokens.flatten(2).transpose(1, 2)
    cells = to_cells(values, grid)  # (B, M, P, C)
    centres = cells.mean(2)  # (B, M, C)
    for _ in range(num_iters - 1):
        centres = CellAssociation(_weights(cells, centres, grid, mask_phantoms), grid).sample(values)
    return CellAssociation(_weights(cells, centres, grid, mask_phantoms), grid)


def _weights(cells: Tensor, centres: Tensor, grid: TokenGrid, mask_phantoms: bool) -> Tensor:
    """Return the softmax over nine neighbours, shape (B, M, P, 9); phantoms have logit 0 unless masked."""
    logits = (cells @ gather_neighbours(centres, grid)) * cells.shape[-1] ** -0.5
    if mask_phantoms:
        present = gather_neighbours(torch.ones_like(centres[..., :1]), grid)  # (B, M, 1, 9)
        logits = logits.masked_fill(present == 0, -torch.inf)
    return logits.softmax(-1)
