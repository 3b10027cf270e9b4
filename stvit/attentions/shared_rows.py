"""Rows that are sums of a few weighted rows which neighbours share."""

from collections.abc import Iterator
from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor


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
