"""The attention among some of the tokens of another attention; what the others take is missing, not redistributed."""

from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float, Int
from torch import Tensor

from stvit import Attention, RowBlock
from stvit.attentions.rows import check_head, check_token


@dataclass(frozen=True, eq=False)
class PartAttention(Attention):
    """Rows and columns of chosen tokens of an attention, as they are; rows are queries.

    Rows sum to 1 - what the tokens left out receive (class and register tokens, padding). Nothing is renormalised.

    Attributes:
        whole: The attention among all tokens.
        kept: Numbers of the chosen tokens among them, rising.
    """

    whole: Attention
    kept: Int[Tensor, " tokens"]

    @cached_property
    def heads(self) -> int:
        """Number of heads."""
        return self.whole.heads

    @cached_property
    def num_tokens(self) -> int:
        """Number of chosen tokens N."""
        return len(self.kept)

    def head_rows(self, start: int, stop: int) -> RowBlock:
        """Return rows start to stop (excluded) of every head."""
        asked = self.kept[start:stop]
        first = int(asked[0])
        block = self.whole.head_rows(first, int(asked[-1]) + 1)
        weight = block.weight[:, asked - first]
        if block.token is None:
            return RowBlock(start, weight[:, :, self.kept], None, self.num_tokens)
        token = self._number[block.token[asked - first]]
        return RowBlock(start, weight * (token >= 0), token.clamp(min=0), self.num_tokens)

    def column(self, token: int, head: int | None = None) -> Float[Tensor, " tokens"]:
        """Return who attends to a token, shape (N,)."""
        check_token(token, self.num_tokens)
        return self.whole.column(int(self.kept[token]), head)[self.kept]

    def mass_on(self, others: Int[Tensor, " others"], head: int | None = None) -> Float[Tensor, " tokens"]:
        """Return how much of each row goes to some tokens of the whole, shape (N,).

        Args:
            others: Their numbers among all tokens.
            head: Which head; None for the mean.
        """
        check_head(head, self.heads)
        chosen = self.whole.head_rows(0, 1).weight.new_zeros(self.whole.num_tokens, 1)
        chosen[others] = 1
        return self.whole.apply(chosen, head)[self.kept, 0]

    @cached_property
    def _number(self) -> Int[Tensor, " all_tokens"]:
        """Number of each token of the whole among the chosen ones, -1 if it is not."""
        number = torch.full((self.whole.num_tokens,), -1, device=self.kept.device)
        number[self.kept] = torch.arange(self.num_tokens, device=self.kept.device)
        return number

    def _equals(self, other: Attention) -> bool:
        return isinstance(other, PartAttention) and other.kept.equal(self.kept) and self.whole.same_as(other.whole)
