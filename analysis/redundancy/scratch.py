"""Memory that is used again for every block of rows."""

from math import prod

import torch
from torch import Tensor


class Scratch:
    """Tensors by name, whose memory the next one of that name takes over.

    Memory that is asked for anew comes page by page from the system, which takes several times as long as most
    metrics do with it.
    """

    def __init__(self) -> None:
        self._kept: dict[str, Tensor] = {}

    def like(self, name: str, other: Tensor) -> Tensor:
        """Return an uninitialised tensor of the shape and type of another one; the last of that name is lost."""
        return self.of(name, tuple(other.shape), other)

    def of(self, name: str, shape: tuple[int, ...], like: Tensor) -> Tensor:
        """Return an uninitialised tensor of a shape, of another one's type and device.

        Example:
            >>> scratch = Scratch()
            >>> first, second = (scratch.of("rows", shape, torch.zeros(())) for shape in ((3, 2), (4,)))
            >>> first.data_ptr() == second.data_ptr()
            True
        """
        count, kept = prod(shape), self._kept.get(name)
        if kept is None or len(kept) < count or kept.dtype != like.dtype or kept.device != like.device:
            kept = self._kept[name] = torch.empty(count, dtype=like.dtype, device=like.device)
        return kept[:count].view(shape)

    def kept(self, name: str, shape: tuple[int, ...]) -> Tensor:
        """Return a tensor in double precision that keeps its numbers, zeros at first.

        Example:
            >>> scratch = Scratch()
            >>> _ = scratch.kept("guess", (2,)).add_(3)
            >>> scratch.kept("guess", (2,))
            tensor([3., 3.], dtype=torch.float64)
        """
        found = self._kept.get(name)
        if found is None or found.shape != shape:
            found = self._kept[name] = torch.zeros(shape, dtype=torch.float64)
        return found
