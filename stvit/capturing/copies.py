"""Copies that outlast a run, in memory that is lent again once nobody holds a copy in it.

A run passes the same warm memory from layer to layer. A tensor that is kept takes its memory out of that circle, and
what comes in its place is cold, or new from the operating system, which costs more than the copy that avoids it.
A copy of a part, such as q and k without v, also lets the rest go.
"""

import sys
from threading import Lock

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

SLAB_BYTES = 16 * 2**20
"""Memory lent at once."""

SMALLEST_COPY = 2**17
"""Bytes of the smallest tensor that is worth a copy."""

LARGEST_SHARE = SLAB_BYTES // 4
"""Bytes of the largest copy in a slab; larger ones get memory of their own."""

SPARE_SLABS = 4
"""Slabs that the process keeps for later captures at most."""

ALIGNMENT = 64
"""Bytes of a cache line, where each copy starts."""


class SlabPool:
    """Lends slabs of memory, and knows by their reference counts which of them are free."""

    def __init__(self) -> None:
        self._slabs: list[NDArray[np.uint8]] = []
        self._lock = Lock()

    def lend(self) -> NDArray[np.uint8]:
        """Return a slab that nobody uses; it is taken for as long as it, or an array or tensor in it, is held."""
        with self._lock:
            for slab, holders in zip(self._slabs, _holders(self._slabs), strict=True):
                if holders == _HOLDERS_OF_FREE:
                    return slab
            slab = np.empty(SLAB_BYTES, np.uint8)
            self._slabs = [*self._slabs, slab][-SPARE_SLABS:]
            return slab


class Copies:
    """Keeps tensors for one capture.

    Args:
        pool: Where memory comes from.
    """

    def __init__(self, pool: SlabPool) -> None:
        self._pool = pool
        self._slab: NDArray[np.uint8] | None = None
        self._used = 0

    def keep(self, tensor: Tensor) -> Tensor:
        """Return the values of a tensor, detached and laid out alike.

        A copy with a storage of its own size if the tensor is on the CPU and not small, else the tensor itself.
        """
        tensor = tensor.detach()
        if tensor.device.type != "cpu" or tensor.nbytes < SMALLEST_COPY:
            return tensor
        order = sorted(range(tensor.ndim), key=tensor.stride, reverse=True)
        dense = tensor.permute(order)
        copy = self._new(dense.numel(), dense.dtype).view(dense.shape).copy_(dense)
        return copy.permute([order.index(axis) for axis in range(tensor.ndim)])

    def _new(self, numbers: int, dtype: torch.dtype) -> Tensor:
        """Return a vector in memory that nobody uses."""
        size = numbers * dtype.itemsize
        if size > LARGEST_SHARE:
            return torch.frombuffer(np.empty(size, np.uint8), dtype=dtype, count=numbers)
        if self._slab is None or self._used + size > len(self._slab):
            self._slab, self._used = self._pool.lend(), 0
        start = self._used
        self._used = -(-(start + size) // ALIGNMENT) * ALIGNMENT
        return torch.frombuffer(self._slab, dtype=dtype, count=numbers, offset=start)


def _holders(slabs: list[NDArray[np.uint8]]) -> list[int]:
    """Return how many references each slab has: from this function and the list, and from whoever uses it."""
    return [sys.getrefcount(slab) for slab in slabs]


_HOLDERS_OF_FREE = _holders([np.empty(0, np.uint8)])[0]
