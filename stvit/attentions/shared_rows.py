"""Rows that are sums of a few weighted rows which neighbours share."""

from collections.abc import Iterator
from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from stvit.association import Association
from stvit.attentions.base import BLOCK_BYTES
from stvit.attentions.strips import numbered

SHARED_BYTES = 64 * 2**20
"""Memory that shared rows may take."""


def parts_that_share(association: Association, tokens: range, row_bytes: int) -> Iterator[Int[Tensor, " some_rows"]]:
    """Yield tokens cell by cell, in parts that share the rows of their super tokens.

    All are one part if they share within the cache; else each row of cells is, or less of it.

    Args:
        association: Of one image; hard assignments go by the super token that a token belongs to.
        tokens: Consecutive tokens.
        row_bytes: Memory of one shared row.

    Example:
        >>> from stvit import TokenGrid
        >>> halves = Association.from_labels(torch.tensor([[0, 1, 0, 1]]), TokenGrid(1, 4, (1, 2)), torch.zeros(1))
        >>> list(parts_that_share(halves, range(4), row_bytes=16))
        [tensor([0, 2, 1, 3])]
    """
    index, grid = association.index[0], association.grid
    hard, first_last = index.shape[1] == 1, slice(tokens.start, tokens.stop)
    cell = index[first_last, 0] if hard else grid.cell_index.to(index.device)[first_last]
    cell, order = cell.sort(stable=True)
    ordered = order + tokens.start
    if share_within_cache(index[ordered], row_bytes):
        yield ordered
        return
    lengths = (cell // grid.columns).unique_consecutive(return_counts=True)[1]
    for group in ordered.split(lengths.tolist()):
        yield from group.chunk(1 + _used(index[group]) * row_bytes // SHARED_BYTES)


def share_within_cache(index: Int[Tensor, "tokens k"], row_bytes: int) -> bool:
    """Return whether tokens use fewer super tokens than they are, whose rows stay in the processor's cache."""
    used = _used(index)
    return used <= len(index) and used * row_bytes <= BLOCK_BYTES


def _used(index: Int[Tensor, "tokens k"]) -> int:
    """Return the number of super tokens in use."""
    return len(numbered(index)[0])


def add_up(
    shared: Float[Tensor, "heads used tokens"],
    near: Int[Tensor, "rows k"],
    weight: Float[Tensor, "rows k"],
    out: Float[Tensor, "heads rows tokens"],
) -> None:
    """Write the sums of each row's weighted shared rows.

    Args:
        shared: The rows that are shared.
        near: Which of them each row is made of; equal ones are best in a run.
        weight: Their weights.
        out: Where the sums are written.
    """
    compiled = shared.device.type == "cpu" and shared.dtype == torch.float32
    (_add_up_compiled if compiled else _add_up_runs)(shared, near, weight, out)


def _add_up_runs(
    shared: Float[Tensor, "heads used tokens"],
    near: Int[Tensor, "rows k"],
    weight: Float[Tensor, "rows k"],
    out: Float[Tensor, "heads rows tokens"],
) -> None:
    """Do it by a product for each run of tokens that use the same ones."""
    for first, last in _runs(near):
        torch.matmul(weight[first:last], shared[:, near[first]], out=out[:, first:last])


def _add_up_compiled(
    shared: Float[Tensor, "heads used tokens"],
    near: Int[Tensor, "rows k"],
    weight: Float[Tensor, "rows k"],
    out: Float[Tensor, "heads rows tokens"],
) -> None:
    """Do it on the CPU in single precision, where small products take several times as long."""
    from stvit.attentions.combining import AT_ONCE, combine  # here, since a compiler takes time to import

    if missing := -near.shape[1] % AT_ONCE:  # with weight 0
        near, weight = F.pad(near, (0, missing)), F.pad(weight, (0, missing))
    combine(*(part.numpy(force=True) for part in (shared, near.contiguous(), weight.contiguous())), out.numpy())


def _runs(near: Int[Tensor, "tokens k"]) -> Iterator[tuple[int, int]]:
    """Yield (first, after the last) of consecutive tokens with the same super tokens."""
    ends = (near[1:] != near[:-1]).any(-1).nonzero()[:, 0] + 1
    return pairwise([0, *ends.tolist(), len(near)])
