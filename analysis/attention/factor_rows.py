"""Rows of token attention Q A(S) Q-hat^T for all heads at once, as few dense products as the factors allow."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from stvit import DecomposedAttention
from stvit.grid import PHANTOM


@dataclass(frozen=True, eq=False)
class _Strip:
    """Consecutive tokens whose part of Q is dense on the few super tokens that they use.

    Attributes:
        used: Super tokens in use.
        weight: Q of the strip, transposed, shape (used, tokens).
    """

    used: Int[Tensor, " used"]
    weight: Float[Tensor, "used tokens"]


class FactorRows:
    """Prepares the columns of a token attention once, then gives blocks of rows.

    Tokens are cut into strips of one row of cells; there the nine super tokens of each token are few altogether
    (three rows of the grid), so that a strip of a block of rows is one dense product instead of nine gathers.

    Args:
        source: The token attention, of a block that has super tokens.
    """

    def __init__(self, source: DecomposedAttention) -> None:
        association = source.association
        self._core = source.super_attention
        self._index, self._weight = association.index[0], association.weight[0]
        self._normaliser = association.normaliser[0]
        length = association.grid.cell_size[0] * association.grid.width
        parts = zip(self._index.split(length), self._weight.split(length), strict=True)
        self._strips = [_strip(index, weight) for index, weight in parts]

    def rows(self, start: int, stop: int) -> Float[Tensor, "heads rows tokens"]:
        """Return rows start to stop (excluded) of every head."""
        own = _strip(self._index[start:stop], self._weight[start:stop])
        mixed = own.weight.T @ (self._core.take(own.used) / self._normaliser)  # (heads, rows, M)
        return torch.cat([mixed[..., strip.used] @ strip.weight for strip in self._strips], dim=-1)


def _strip(index: Int[Tensor, "tokens k"], weight: Float[Tensor, "tokens k"]) -> _Strip:
    used, place = index.clamp(min=0).unique(return_inverse=True)
    dense = weight.new_zeros(len(used), len(index))
    return _Strip(used, dense.scatter_add_(0, place.T, (weight * (index != PHANTOM)).T))
