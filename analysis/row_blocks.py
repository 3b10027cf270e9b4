"""Stream the rows of any attention, all heads at once, in blocks of bounded memory."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from analysis.attention_sources import RowSource, SparseRowSource
from stvit import SoftmaxAttention

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


def row_blocks(source: RowSource, max_bytes: int = BLOCK_BYTES) -> Iterator[RowBlock]:
    """Yield the rows of every head in order, each block at most max_bytes large (one row at least)."""
    width = source.num_tokens
    if isinstance(source, SparseRowSource):
        width = source.sparse_rows(0, 1)[1].shape[1]
    step = max(1, max_bytes // (4 * source.heads * width))
    for start in range(0, source.num_tokens, step):
        yield _block(source, start, min(start + step, source.num_tokens))


def _block(source: RowSource, start: int, stop: int) -> RowBlock:
    if isinstance(source, SparseRowSource):
        return RowBlock(start, *source.sparse_rows(start, stop))
    if isinstance(source, SoftmaxAttention):
        return RowBlock(start, source.take(torch.arange(start, stop, device=source.key.device)), None)
    return RowBlock(start, torch.stack([source.rows(start, stop, head) for head in range(source.heads)]), None)
