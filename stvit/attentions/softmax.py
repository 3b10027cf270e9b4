"""Plain attention kept as its queries and keys: rows and products on demand, in blocks."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import prod

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from stvit.attentions.base import BLOCK_BYTES, Attention, block_rows, even_step
from stvit.attentions.memory import borrowed
from stvit.attentions.query_key import QueryKeyAttention
from stvit.attentions.rows import RowBlock, check_head, check_token, one_head
from stvit.precision import at_least_single

PRODUCT_BYTES = 32 * 2**20
"""Memory that one block of rows may take in a product."""

DENSE_BYTES = 16 * 2**20
"""Up to this size all rows are kept after their first use; larger ones are computed again when asked."""


def attention_logits(
    query: Float[Tensor, "*batch queries head_dim"], key: Float[Tensor, "*batch keys head_dim"], scale: float
) -> Float[Tensor, "*batch queries keys"]:
    """Return q k^T * scale.

    Half of the scale goes to each side before the product, as in PyTorch's own attention: rounding then agrees with
    what the model computes, bit for bit on the CPU, even where logits are large.

    Example:
        >>> attention_logits(torch.ones(1, 4), torch.ones(1, 4), scale=0.25)
        tensor([[1.]])
    """
    root = scale**0.5
    return (query * root) @ (key * root).transpose(-1, -2)


@dataclass(frozen=True, eq=False)
class SoftmaxAttention(QueryKeyAttention):
    """softmax(q k^T * scale) of one image over all heads; rows are queries, in single precision at least.

    Attributes:
        query: Shape (heads, N, head_dim).
        key: Shape (heads, N, head_dim).
        scale: Factor of the logits, head_dim^-0.5 in STViT.

    Example:
        >>> SoftmaxAttention(torch.zeros(1, 2, 8), torch.zeros(1, 2, 8), scale=8**-0.5).row(0)
        tensor([0.5000, 0.5000])
    """

    @property
    def row_width(self) -> int:
        """Number of weights of a row, N."""
        return self.num_tokens

    @property
    def device(self) -> torch.device:
        """The device that holds its rows."""
        return self.key.device

    @property
    def dense_nbytes(self) -> int:
        """Bytes that all rows of all heads take."""
        return self.heads * self.num_tokens**2 * max(4, self.query.element_size())

    def head_rows(self, start: int, stop: int) -> RowBlock:
        """Return rows start to stop (excluded) of every head."""
        dense = self.dense_nbytes <= DENSE_BYTES
        weight = self._dense[:, start:stop] if dense else self._softmax(self.query[:, start:stop])
        return RowBlock(start, weight, None, self.num_tokens)

    def chosen_rows(self, index: Int[Tensor, " rows"]) -> RowBlock:
        """Return the rows of chosen tokens, of every head."""
        return RowBlock(0, self.take(index), None, self.num_tokens, index)

    def some_rows(self, tokens: range | Int[Tensor, " rows"]) -> Iterator[RowBlock]:
        """Yield the rows of consecutive or chosen tokens block by block, all in the same memory.

        Only rows that make a single block are kept: others are computed in less time than it takes to get new memory.
        """
        if isinstance(tokens, range) and self.dense_nbytes <= BLOCK_BYTES:
            yield from super().some_rows(tokens)
            return
        step = even_step(len(tokens), block_rows(self))
        with borrowed(self.heads * step * self.num_tokens, at_least_single(self.query)) as memory:
            for start in range(0, len(tokens), step):
                yield self._rows_in(memory, tokens[start : start + step])

    def take(self, index: Int[Tensor, " rows"]) -> Float[Tensor, "heads rows tokens"]:
        """Return chosen rows of every head."""
        if self.dense_nbytes <= DENSE_BYTES:
            return self._dense[:, index]
        return self._softmax(self.query[:, index])

    def rows(self, start: int, stop: int, head: int | None = None) -> Float[Tensor, "rows tokens"]:
        """Return rows start to stop (excluded) of one head, or their mean over heads."""
        check_head(head, self.heads)
        if head is None or self.dense_nbytes <= DENSE_BYTES:
            return one_head(self.head_rows(start, stop).weight, head)
        return self._softmax(self.query[head : head + 1, start:stop], head)[0]

    def column(self, token: int, head: int | None = None) -> Float[Tensor, " tokens"]:
        """Return who attends to a token, shape (N,)."""
        check_token(token, self.num_tokens)
        check_head(head, self.heads)
        columns = self.take_columns(torch.tensor([token], device=self.key.device))[..., 0]
        return one_head(columns, head)

    def take_columns(self, index: Int[Tensor, " columns"]) -> Float[Tensor, "heads tokens columns"]:
        """Return chosen columns of every head; the first call for a large attention goes through all rows."""
        if self.dense_nbytes <= DENSE_BYTES:
            return self._dense[:, :, index]
        logits = self._logits(self.query, self.key[:, index])
        return (logits - self._log_normaliser.unsqueeze(-1)).exp()

    def apply_heads(self, values: Float[Tensor, "heads tokens channels"]) -> Float[Tensor, "heads tokens channels"]:
        """Return each head's attention times its own values, shape (heads, N, C), never building a large one."""
        wide = at_least_single(values)
        if self.dense_nbytes <= DENSE_BYTES:
            return (self._dense @ wide).to(values.dtype)
        parts = [self._fused(part) for part in wide.split(self.key.shape[-1], dim=-1)]
        return torch.cat(parts, -1).to(values.dtype)

    def apply_heads_transposed(
        self, values: Float[Tensor, "heads tokens channels"]
    ) -> Float[Tensor, "heads tokens channels"]:
        """Return each head's transposed attention times its own values, shape (heads, N, C), block by block."""
        wide = at_least_single(values)
        total = torch.zeros_like(wide)
        for block in self.row_blocks(PRODUCT_BYTES):
            total += block.weight.transpose(-1, -2) @ wide[:, block.start : block.stop]
        return total.to(values.dtype)

    def _fused(self, values: Float[Tensor, "heads tokens channels"]) -> Float[Tensor, "heads tokens channels"]:
        """Return the attention times at most as many channels as keys have, by PyTorch's own kernel.

        It takes as many channels as there are and four dimensions; anything else it would compute from a dense matrix.
        """
        channels, width = values.shape[-1], self.key.shape[-1]
        query, key = at_least_single(self.query), at_least_single(self.key)
        padded = F.pad(values, (0, width - channels))
        mixed = F.scaled_dot_product_attention(query[None], key[None], padded[None], scale=self.scale)
        return mixed[0, ..., :channels]

    def _rows_in(self, memory: Float[Tensor, " numbers"], tokens: range | Int[Tensor, " rows"]) -> RowBlock:
        """Return the rows of a few tokens, computed in the memory given."""
        shape = self.heads, len(tokens), self.num_tokens
        chosen = None if isinstance(tokens, range) else tokens
        first, index = (tokens.start, slice(tokens.start, tokens.stop)) if isinstance(tokens, range) else (0, tokens)
        rows = memory[: prod(shape)].view(shape)
        query = at_least_single(self.query[:, index]) * self.scale**0.5
        torch.bmm(query, self._scaled_key.transpose(-1, -2), out=rows)
        return RowBlock(first, torch.softmax(rows, -1, out=rows), None, self.num_tokens, chosen)

    @cached_property
    def _dense(self) -> Tensor:
        return self._softmax(self.query)

    @cached_property
    def _log_normaliser(self) -> Tensor:
        """Logarithm of each row's sum of exponentials, shape (heads, N), computed in blocks of rows."""
        result = at_least_single(self.query[..., 0]).clone()
        step = block_rows(self, PRODUCT_BYTES)
        for start in range(0, self.num_tokens, step):
            part = slice(start, start + step)
            result[:, part] = self._logits(self.query[:, part], self.key).logsumexp(-1)
        return result

    def _equals(self, other: Attention) -> bool:
        if not isinstance(other, SoftmaxAttention) or other.scale != self.scale:
            return False
        return other.query.equal(self.query) and other.key.equal(self.key)

    def _softmax(self, query: Tensor, head: int | None = None) -> Tensor:
        key = self._scaled_key if head is None else self._scaled_key[head : head + 1]
        return (at_least_single(query) * self.scale**0.5 @ key.transpose(-1, -2)).softmax(-1)

    @cached_property
    def _scaled_key(self) -> Tensor:
        """The keys as `attention_logits` takes them, scaled once and not for every block of rows."""
        return at_least_single(self.key) * self.scale**0.5

    def _logits(self, query: Tensor, key: Tensor) -> Tensor:
        return attention_logits(at_least_single(query), at_least_single(key), self.scale)
