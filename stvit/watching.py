"""Watch what PyTorch computes in a thread: which block is at work, how much of its attention is done; and end it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from stvit.model import BlockId

Tell: TypeAlias = Callable[[BlockId | None, float], None]
"""Called with the block at work, None before the first, and the share of its attention that is done; what it raises
ends the work."""

WEIGHTS_AT_ONCE = 2**28
"""Weights of an attention that are computed without looking up: about a quarter of a second on two cores."""

ALIGNED = 256
"""Queries that PyTorch's kernel on the CPU takes at once: attention in multiples of them is the same to the bit."""


class Watching(TorchFunctionMode):
    """Tells of each operation of PyTorch in this thread before it begins, and computes long attention in parts.

    It hooks nothing, so that models shared with other threads stay as they are, and it watches whatever runs inside
    its context: a model, a capture, or the replay of one.

    Args:
        tensors: What tells each block from the others, as its parameters or its captured tokens do, in order of depth.
        tell: Told of each operation.

    Example:
        >>> from stvit import create_model
        >>> model, seen = create_model("stvit_demo", seed=0).eval(), []
        >>> with Watching(parameters_of(model.blocks()), lambda block, share: seen.append(block)), torch.no_grad():
        ...     logits = model(torch.zeros(1, 3, 32, 32))
        >>> list(dict.fromkeys(seen))[:3]
        [None, BlockId(stage=0, block=0), BlockId(stage=0, block=1)]
    """

    def __init__(self, tensors: Mapping[BlockId, Iterable[Tensor]], tell: Tell) -> None:
        super().__init__()
        self._names = list(tensors)
        self._held = [list(each) for each in tensors.values()]  # a tensor that is gone leaves its id to others
        self._numbers = {id(tensor): number for number, each in enumerate(self._held) for tensor in each}
        self._tell = tell
        self._number = -1
        self._share = 0.0
        self._ended = False

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Tell where the work is, then do the operation."""
        for each in args:
            number = self._numbers.get(id(each), -1)
            if number > self._number:  # not back, as when records of all blocks are made at the end of a capture
                self._number, self._share = number, 0.0
        self._look_up()
        if func is F.scaled_dot_product_attention:
            return self._attended(*args, **kwargs or {})
        return func(*args, **kwargs or {})

    def _look_up(self) -> None:
        """Tell where the work is, unless it was ended: PyTorch puts its settings back by operations, too."""
        if not self._ended:
            self._ended = True
            self._tell(None if self._number < 0 else self._names[self._number], self._share)
            self._ended = False

    def _attended(self, query: Tensor, key: Tensor, value: Tensor, *masks: Any, **named: Any) -> Tensor:
        """Return an attention, computed in parts where that takes long, but for one that treats queries differently."""
        weights_of_row = key.shape[:-1].numel()
        rows = max(WEIGHTS_AT_ONCE // max(weights_of_row, 1) // ALIGNED, 1) * ALIGNED
        total = query.shape[-2]
        if total <= rows or masks or not set(named) <= {"scale", "dropout_p"}:
            return F.scaled_dot_product_attention(query, key, value, *masks, **named)
        parts = []
        for start in range(0, total, rows):
            self._share = start / total
            self._look_up()
            part = query[..., start : start + rows, :]
            parts.append(F.scaled_dot_product_attention(part, key, value, **named))
        self._share = 1.0
        return torch.cat(parts, -2)


def parameters_of(blocks: Mapping[BlockId, torch.nn.Module]) -> dict[BlockId, list[Tensor]]:
    """Return what tells the blocks of a model that runs from each other."""
    return {block: list(module.parameters()) for block, module in blocks.items()}
