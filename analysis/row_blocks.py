"""Stream the rows of any attention, all heads at once, in blocks of bounded memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from analysis.attention_sources import RowSource, SparseRowSource
from analysis.factor_rows import FactorRows
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


def row_blocks(source: RowSource, max_bytes: int | None = None) -> Iterator[RowBlock]:
    """Yield the rows of every head in order, each block at most max_bytes large (one row at least).

    The numbers are taken to be in single precision; None stands for BLOCK_BYTES.
    """
    sparse = isinstance(source, SparseRowSource)
    width = source.sparse_rows(0, 1)[1].shape[1] if isinstance(source, SparseRowSource) else source.num_tokens
    step = max(1, (BLOCK_BYTES if max_bytes is None else max_bytes) // (4 * source.heads * width))
    rows = None if sparse else all_heads(source)
    for start in range(0, source.num_tokens, step):
        stop = min(start + step, source.num_tokens)
        if isinstance(source, SparseRowSource):
            yield RowBlock(start, *source.sparse_rows(start, stop))
        elif rows is not None:
            yield RowBlock(start, rows(start, stop), None)


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
