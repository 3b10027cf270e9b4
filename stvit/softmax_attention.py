"""Plain attention kept as its queries and keys: rows and products on demand, in blocks."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float, Int
from torch import Tensor

BLOCK_BYTES = 32 * 2**20
"""Memory that one block of rows may take while streaming."""

DENSE_BYTES = 16 * 2**20
"""Up to this size all rows are kept after their first use; larger ones are computed again when asked."""


def check_head(head: int | None, heads: int) -> None:
    """Raise an IndexError that lists the valid heads if there is no such head (None stands for the mean)."""
    if head is not None and not 0 <= head < heads:
        raise IndexError(f"Head {head} does not exist; this attention has heads 0 to {heads - 1} (None for the mean).")


def check_token(token: int, tokens: int) -> None:
    """Raise an IndexError that lists the valid tokens if there is no such token."""
    if not 0 <= token < tokens:
        raise IndexError(f"Token {token} does not exist; this attention has tokens 0 to {tokens - 1}.")


def attention_logits(
    query: Float[Tensor, "*batch queries head_dim"], key: Float[Tensor, "*batch keys head_dim"], scale: float
) -> Float[Tensor, "*batch queries keys"]:
    """Return q k^T * scale.

    Half of the scale goes to each side before the product, as in PyTorch's own attention: rounding then agrees with
    what the model computes, to the bit on the CPU, also where logits are large.
    """
    root = scale**0.5
    return (query * root) @ (key * root).transpose(-1, -2)


@dataclass(frozen=True, eq=False)
class SoftmaxAttention:
    """softmax(q k^T * scale) of one image over all heads; rows are queries.

    Attributes:
        query: Shape (heads, N, head_dim).
        key: Shape (heads, N, head_dim).
        scale: Factor of the logits, head_dim^-0.5 in STViT.
    """

    query: Float[Tensor, "heads tokens head_dim"]
    key: Float[Tensor, "heads tokens head_dim"]
    scale: float

    @property
    def heads(self) -> int:
        """Number of heads."""
        return self.query.shape[0]

    @property
    def num_tokens(self) -> int:
        """Number of queries and keys."""
        return self.query.shape[1]

    @property
    def nbytes(self) -> int:
        """Bytes of the queries and keys."""
        return self.query.nbytes + self.key.nbytes

    @property
    def dense_nbytes(self) -> int:
        """Bytes that all rows of all heads take."""
        return self.heads * self.num_tokens**2 * self.query.element_size()

    def take(self, index: Int[Tensor, " rows"]) -> Float[Tensor, "heads rows tokens"]:
        """Return chosen rows of every head."""
        if self.dense_nbytes <= DENSE_BYTES:
            return self._dense[:, index]
        return self._softmax(self.query[:, index])

    def rows(self, start: int, stop: int, head: int | None = None) -> Float[Tensor, "rows tokens"]:
        """Return rows start to stop (excluded) of one head, or their mean over heads."""
        check_head(head, self.heads)
        if self.dense_nbytes <= DENSE_BYTES:
            block = self._dense[:, start:stop]
            return block.mean(0) if head is None else block[head]
        if head is None:
            return self._softmax(self.query[:, start:stop]).mean(0)
        return self._softmax(self.query[head : head + 1, start:stop], head)[0]

    def row(self, token: int, head: int | None = None) -> Float[Tensor, " tokens"]:
        """Return what a token attends to, shape (N,), summing to 1."""
        check_token(token, self.num_tokens)
        return self.rows(token, token + 1, head)[0]

    def column(self, token: int, head: int | None = None) -> Float[Tensor, " tokens"]:
        """Return who attends to a token, shape (N,)."""
        check_token(token, self.num_tokens)
        check_head(head, self.heads)
        columns = self.take_columns(torch.tensor([token], device=self.key.device))[..., 0]
        return columns.mean(0) if head is None else columns[head]

    def take_columns(self, index: Int[Tensor, " columns"]) -> Float[Tensor, "heads tokens columns"]:
        """Return chosen columns of every head; the first call for a large attention passes over all rows."""
        if self.dense_nbytes <= DENSE_BYTES:
            return self._dense[:, :, index]
        logits = attention_logits(self.query, self.key[:, index], self.scale)
        return (logits - self._log_normaliser.unsqueeze(-1)).exp()

    def apply(self, values: Float[Tensor, "heads tokens channels"]) -> Float[Tensor, "heads tokens channels"]:
        """Return A V for every head, block by block."""
        result = values.new_empty(self.heads, self.num_tokens, values.shape[-1])
        for start, block in self.blocks():
            # Written in place: parts kept one by one lie between the blocks and keep their memory from reuse.
            result[:, start : start + block.shape[1]] = block @ values
        return result

    def apply_transposed(
        self, values: Float[Tensor, "heads tokens channels"]
    ) -> Float[Tensor, "heads tokens channels"]:
        """Return A^T V for every head, block by block."""
        total = torch.zeros_like(values)
        for start, block in self.blocks():
            total += block.transpose(-1, -2) @ values[:, start : start + block.shape[1]]
        return total

    def blocks(self) -> Iterator[tuple[int, Float[Tensor, "heads rows tokens"]]]:
        """Yield (first row, rows of every head) in order; a block stays under BLOCK_BYTES where a row fits."""
        step = max(1, BLOCK_BYTES * self.num_tokens // max(1, self.dense_nbytes))
        for start in range(0, self.num_tokens, step):
            index = torch.arange(start, min(start + step, self.num_tokens), device=self.query.device)
            yield start, self.take(index)

    def to_dense(self) -> Float[Tensor, "heads tokens tokens"]:
        """Return all rows of all heads; `dense_nbytes` says beforehand how many bytes that is."""
        return self._dense if self.dense_nbytes <= DENSE_BYTES else self._softmax(self.query)

    @cached_property
    def _dense(self) -> Tensor:
        return self._softmax(self.query)

    @cached_property
    def _log_normaliser(self) -> Tensor:
        """Logarithm of each row's sum of exponentials, shape (heads, N), computed in blocks of rows."""
        step = max(1, BLOCK_BYTES * self.num_tokens // max(1, self.dense_nbytes))
        result = self.query.new_empty(self.heads, self.num_tokens)
        for start in range(0, self.num_tokens, step):
            part = slice(start, start + step)
            result[:, part] = attention_logits(self.query[:, part], self.key, self.scale).logsumexp(-1)
        return result

    def _softmax(self, query: Tensor, head: int | None = None) -> Tensor:
        key = self.key if head is None else self.key[head : head + 1]
        return attention_logits(query, key, self.scale).softmax(-1)
