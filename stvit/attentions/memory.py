"""Memory for blocks of rows, which the next attention that is read in the same thread takes over."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import local

from torch import Tensor


class _Kept(local):
    """Memory that nobody in this thread uses at present, of one attention after another."""

    memory: Tensor | None = None


_KEPT = _Kept()


@contextmanager
def borrowed(count: int, like: Tensor) -> Iterator[Tensor]:
    """Lend uninitialised memory for so many numbers of another tensor's type and device.

    Memory that is asked for anew comes page by page from the system, which takes as long as reading it several times.
    On a GPU, PyTorch keeps what was freed.

    Example:
        >>> import torch
        >>> with borrowed(4, torch.zeros(())) as first:
        ...     place = first.data_ptr()
        >>> with borrowed(3, torch.zeros(())) as second:
        ...     len(second), second.data_ptr() == place
        (3, True)
    """
    memory, _KEPT.memory = _KEPT.memory, None  # whoever asks meanwhile gets other memory
    if memory is None or len(memory) < count or memory.dtype != like.dtype or memory.device != like.device:
        memory = like.new_empty(count)
    try:
        yield memory[:count]
    finally:
        if memory.device.type == "cpu":
            _KEPT.memory = memory
