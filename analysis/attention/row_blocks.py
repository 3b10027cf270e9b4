"""Stream the rows of any attention, all heads at once, in blocks of bounded memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from analysis.attention.factor_rows import FactorRows
from analysis.attention.row_source import RowSource, SparseRowSource
from stvit import DecomposedAttention, SoftmaxAttention

BLOCK_BYTES = 4 * 2**20
"""Memory of one block of rows; small enough that the passes of all metrics over it stay in cache."""


@dataclass(frozen=True, eq=False)
class RowBlock:
    """Consecutive rows of an attention, all heads.

    Attributes:
        start: First row.
        weight: Attention of each row, shape (heads, rows, k); k = N, or fewer for sparse attentions.
        token: The token of each weight, shape (rows, k), or None for all tokens in order.
    """

    start: int
    weight: Float[Tensor, "heads rows k"]
    token: Int[Tensor, "rows k"] | None

    @property
    def stop(self) -> int:
        """The row after the last."""
        return self.start + self.weight.shape[1]


class RowReader:
    """Reads an attention in blocks of rows of all heads; several threads may read at once.

    Args:
        source: Any attention.
        max_bytes: Largest block in bytes, numbers taken to be in single precision (one row at least); BLOCK_BYTES
            if None.

    Attributes:
        ranges: First row and row after the last of each block, in order.
    """

    def __init__(self, source: RowSource, max_bytes: int | None = None) -> None:
        self._sparse = source.sparse_rows if isinstance(source, SparseRowSource) else None
        self._dense = all_heads(source)
        width = self.read(0, 1).weight.shape[-1]  # and what sources keep from their first use is there from now on
        limit = BLOCK_BYTES if max_bytes is None else max_bytes
        step = max(1, limit // (4 * source.heads * width))
        tokens = source.num_tokens
        self.ranges = [(start, min(start + step, tokens)) for start in range(0, tokens, step)]

    def read(self, start: int, stop: int) -> RowBlock:
        """Return rows start to stop (excluded)."""
        if self._sparse is not None:
            return RowBlock(start, *self._sparse(start, stop))
        return RowBlock(start, self._dense(start, stop), None)


def row_blocks(source: RowSource, max_bytes: int | None = None) -> Iterator[RowBlock]:
    """Yield the rows of every head in order, block by block; see `RowReader`."""
    reader = RowReader(source, max_bytes)
    for start, stop in reader.ranges:
        yield reader.read(start, stop)


def all_heads(source: RowSource) -> Callable[[int, int], Float[Tensor, "heads rows tokens"]]:
    """Return a function (start, stop) -> rows of every head, the fastest that fits the kind of attention."""
    source = unwrapped(source)
    if isinstance(source, DecomposedAttention):
        return FactorRows(source).rows
    if isinstance(source, SoftmaxAttention):
        device = source.key.device
        return lambda start, stop: source.take(torch.arange(start, stop, device=device))
    return lambda start, stop: torch.stack([source.rows(start, stop, head) for head in range(source.heads)])


def unwrapped(source: RowSource) -> RowSource:
    """Return the plain attention inside a token attention whose association is the identity; others as they are."""
    if isinstance(source, DecomposedAttention) and source.association.is_identity:
        return source.super_attention
    return source
