"""Rows of an attention block by block, and the heads and tokens that they belong to."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor


def check_head(head: int | None, heads: int) -> None:
    """Raise an IndexError that lists the valid heads if there is no such head (None stands for the mean)."""
    if head is not None and not 0 <= head < heads:
        raise IndexError(f"Head {head} does not exist; this attention has heads 0 to {heads - 1} (None for the mean).")


def check_token(token: int, tokens: int) -> None:
    """Raise an IndexError that lists the valid tokens if there is no such token."""
    if not 0 <= token < tokens:
        raise IndexError(f"Token {token} does not exist; this attention has tokens 0 to {tokens - 1}.")


@dataclass(frozen=True, eq=False)
class RowBlock:
    """Rows of an attention, all heads, dense or sparse: consecutive ones or chosen ones.

    Attributes:
        start: First row.
        weight: Attention of each row, shape (heads, rows, k); k = N, or fewer where rows are sparse.
        token: The token of each weight, shape (rows, k), or None for all tokens in order. Surplus entries hold
            weight 0 and any valid token.
        num_tokens: Number of tokens N.
        chosen: The token of each row where they are not consecutive, shape (rows,), else None.

    Example:
        >>> RowBlock(0, torch.tensor([[[1.0]]]), torch.tensor([[2]]), num_tokens=3).dense()
        tensor([[[0., 0., 1.]]])
    """

    start: int
    weight: Float[Tensor, "heads rows k"]
    token: Int[Tensor, "rows k"] | None
    num_tokens: int
    chosen: Int[Tensor, " rows"] | None = None

    @property
    def anchors(self) -> Int[Tensor, " rows"]:
        """The token that each row belongs to."""
        if self.chosen is not None:
            return self.chosen
        return torch.arange(self.start, self.stop, device=self.weight.device)

    @property
    def stop(self) -> int:
        """The row after the last."""
        return self.start + self.weight.shape[1]

    def dense(self) -> Float[Tensor, "heads rows tokens"]:
        """Return the rows on all tokens."""
        if self.token is None:
            return self.weight
        heads, rows, _ = self.weight.shape
        empty = self.weight.new_zeros(heads, rows, self.num_tokens)
        return empty.scatter_add_(2, self.token.expand(heads, -1, -1), self.weight)


def one_head(per_head: Float[Tensor, " heads *rest"], head: int | None) -> Float[Tensor, " *rest"]:
    """Return the slice of one head, or the mean over heads.

    Example:
        >>> one_head(torch.tensor([1.0, 3.0]), head=0), one_head(torch.tensor([1.0, 3.0]), head=None)
        (tensor(1.), tensor(2.))
    """
    return per_head.mean(0) if head is None else per_head[head]
