"""The base of every attention: a subclass supplies blocks of rows of all heads; everything else is derived."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import cached_property

import torch
from jaxtyping import Float, Int
from torch import Tensor

from stvit.attentions.rows import RowBlock, check_head, check_token, one_head

BLOCK_BYTES = 4 * 2**20
"""Memory of one block of rows: small enough that it stays in the processor's last cache, large enough that what has to
be done once for a block hardly counts."""

DEFAULT_MAX_BYTES = 256 * 2**20
"""Largest dense matrix that `to_dense` builds unless told otherwise."""


class Attention(ABC):
    """An attention between the N tokens of one image; rows are queries.

    A subclass has to define `head_rows` only, and overrides whatever it can compute faster. Wherever `head` is an
    argument, None means the mean over heads. Rows need not sum to 1: token attention loses mass to phantoms and
    padding.
    """

    knows_singular_values: bool = False
    """Whether `singular_values` has a fast way."""

    @abstractmethod
    def head_rows(self, start: int, stop: int) -> RowBlock:
        """Return rows start to stop (excluded) of every head; rows beyond the last token are left out."""

    def chosen_rows(self, index: Int[Tensor, " rows"]) -> RowBlock:
        """Return the rows of chosen tokens, of every head; all must have the same width, as in most attentions."""
        parts = [self.head_rows(token, token + 1) for token in index.tolist()]
        sparse = [part.token for part in parts if part.token is not None]
        token = torch.cat(sparse) if sparse else None
        weight = torch.cat([part.weight for part in parts], dim=1)
        return RowBlock(parts[0].start, weight, token, self.num_tokens, index)

    @cached_property
    def heads(self) -> int:
        """Number of heads."""
        return self._first_row.weight.shape[0]

    @cached_property
    def num_tokens(self) -> int:
        """Number of tokens N."""
        return self._first_row.num_tokens

    @property
    def device(self) -> torch.device:
        """The device that holds its rows."""
        return self._first_row.weight.device

    @property
    def dense_nbytes(self) -> int:
        """Bytes that the dense heads x N x N matrix would take."""
        return self.heads * self.num_tokens**2 * self._first_row.weight.element_size()

    @property
    def plain(self) -> "Attention":
        """The simplest attention with the same rows: itself, or what remains without an identity association."""
        return self

    def same_as(self, other: "Attention") -> bool:
        """Return whether another attention is known to have the same rows, so that measuring one is enough."""
        mine, theirs = self.plain, other.plain
        return mine is theirs or mine._equals(theirs)

    def _equals(self, other: "Attention") -> bool:
        """Return whether another attention, also in its plain form, has the same factors."""
        return False

    def rows(self, start: int, stop: int, head: int | None = None) -> Float[Tensor, "rows tokens"]:
        """Return rows start to stop (excluded), shape (stop - start, N)."""
        check_head(head, self.heads)
        return one_head(self.head_rows(start, stop).dense(), head)

    def row(self, token: int, head: int | None = None) -> Float[Tensor, " tokens"]:
        """Return what a token attends to (outgoing), shape (N,)."""
        check_token(token, self.num_tokens)
        return self.rows(token, token + 1, head)[0]

    def column(self, token: int, head: int | None = None) -> Float[Tensor, " tokens"]:
        """Return who attends to a token (incoming), shape (N,)."""
        check_token(token, self.num_tokens)
        return torch.cat([rows[:, token] for _, rows in self.blocks(head)])

    def row_sums(self, head: int | None = None) -> Float[Tensor, " tokens"]:
        """Return the mass that each token keeps, shape (N,): 1 - leakage."""
        return self.apply(self._ones, head)[:, 0]

    def apply(self, values: Float[Tensor, "tokens channels"], head: int | None = None) -> Tensor:
        """Return the attention times values (N, C), shape (N, C), without building it."""
        return torch.cat([rows @ values for _, rows in self.blocks(head)])

    def apply_transposed(self, values: Float[Tensor, "tokens channels"], head: int | None = None) -> Tensor:
        """Return the transposed attention times values (N, C), shape (N, C)."""
        total = torch.zeros_like(values)
        for start, rows in self.blocks(head):
            total += rows.T @ values[start : start + len(rows)]
        return total

    def singular_values(self, head: int | None = None) -> Float[Tensor, " count"] | None:
        """Return the exact singular values in falling order if there is a fast way to compute them, else None.

        Zeros may be left out.
        """
        check_head(head, self.heads)
        return None

    def received(self) -> Float[Tensor, "heads tokens"] | None:
        """Return what each token receives from all rows, each divided by its sum, if fast to compute, else None.

        Rows without mass contribute nothing.
        """
        return None

    @property
    def row_width(self) -> int:
        """Number of weights of a row that are kept, N or fewer where rows are sparse."""
        return self._first_row.weight.shape[-1]

    def row_blocks(self, max_bytes: int | None = None) -> Iterator[RowBlock]:
        """Yield the rows of every head in order, block by block, each at most max_bytes large; see `block_rows`."""
        step = block_rows(self, max_bytes)
        for start in range(0, self.num_tokens, step):
            yield self.head_rows(start, min(start + step, self.num_tokens))

    def some_rows(self, tokens: range | Int[Tensor, " rows"]) -> Iterator[RowBlock]:
        """Yield the rows of consecutive or chosen tokens block by block, in any order: `RowBlock.anchors` names it.

        An attention that shares work between rows overrides it. The next block may take the memory of the last one.
        """
        step = even_step(len(tokens), block_rows(self))
        for start in range(0, len(tokens), step):
            part = tokens[start : start + step]
            yield self.head_rows(part.start, part.stop) if isinstance(part, range) else self.chosen_rows(part)

    def blocks(
        self, head: int | None = None, max_bytes: int | None = None
    ) -> Iterator[tuple[int, Float[Tensor, "rows tokens"]]]:
        """Yield (first row, rows) of one head in order, each block at most max_bytes large (one row at least)."""
        check_head(head, self.heads)
        row_bytes = self.dense_nbytes // (self.heads * self.num_tokens)
        step = max(1, (BLOCK_BYTES if max_bytes is None else max_bytes) // row_bytes)
        for start in range(0, self.num_tokens, step):
            yield start, self.rows(start, min(start + step, self.num_tokens), head)

    def to_dense(self, max_bytes: int = DEFAULT_MAX_BYTES) -> Float[Tensor, "heads tokens tokens"]:
        """Build the dense matrix of every head, shape (heads, N, N).

        Raises:
            MemoryError: If it is larger than max_bytes; the message gives the size and the alternatives.
        """
        if self.dense_nbytes > max_bytes:
            raise MemoryError(
                f"The dense attention of {self.heads} heads x {self.num_tokens} x {self.num_tokens} tokens takes "
                f"{self.dense_nbytes / 2**20:,.0f} MiB, more than the limit of {max_bytes / 2**20:,.0f} MiB. Use "
                "row, column, apply or blocks, which never build it, or pass a larger max_bytes."
            )
        return self.head_rows(0, self.num_tokens).dense()

    @property
    def _ones(self) -> Float[Tensor, "tokens 1"]:
        return self._first_row.weight.new_ones(self.num_tokens, 1)

    @cached_property
    def _first_row(self) -> RowBlock:
        return self.head_rows(0, 1)


def block_rows(attention: Attention, max_bytes: int | None = None) -> int:
    """Return how many rows of all heads make a block of at most max_bytes, one at least.

    One row is read to find its size, so whatever an attention caches on first use exists before threads need it.

    Args:
        attention: Any attention.
        max_bytes: Largest block in bytes, numbers taken to be in single precision; BLOCK_BYTES if None.

    Example:
        >>> from stvit import SoftmaxAttention
        >>> block_rows(SoftmaxAttention(torch.zeros(1, 4, 8), torch.zeros(1, 4, 8), 1.0), max_bytes=32)
        2
    """
    return max(1, (BLOCK_BYTES if max_bytes is None else max_bytes) // (4 * attention.heads * attention.row_width))


def even_step(length: int, most: int) -> int:
    """Return the size of the parts, at most so large, that cut a length into as few and as equal ones as possible.

    A small rest costs nearly as much time as a whole block.

    Example:
        >>> even_step(392, most=167)
        131
    """
    return max(1, -(-length // max(1, -(-length // most))))
