"""The moving average of a model's weights (EMA)."""

from copy import deepcopy

import torch
from torch import Tensor, nn


class AveragedModel(nn.Module):
    """A copy of a model whose weights follow it: average = d * average + (1 - d) * weights.

    At update t the decay is d = min(decay, (1 + t) / (10 + t)), so that the average reaches back over about a ninth of
    the updates while there are few, and the early weights of a network do not linger. Its BatchNorm statistics would
    do the most harm: they differ by factors, and a short run with a constant decay keeps them.

    Buffers of floats (BatchNorm's statistics) are averaged too, whole numbers are copied. The first update copies
    everything. Equivalent to PyTorch's class of that name, but without inspecting each tensor at each step.

    Args:
        model: The model to follow.
        decay: Greatest decay per update.
    """

    n_averaged: Tensor

    def __init__(self, model: nn.Module, decay: float) -> None:
        super().__init__()
        self.module = deepcopy(model)
        self.decay = decay
        self.register_buffer("n_averaged", torch.tensor(0, device="cpu"))

    def decay_at(self, update: int) -> float:
        """Return the decay of an update, counted from 0."""
        return min(self.decay, (1 + update) / (10 + update))

    @torch.no_grad()
    def update_parameters(self, model: nn.Module) -> None:
        """Update the average with the weights of a model."""
        pairs = list(zip(_tensors(self.module), _tensors(model), strict=True))
        moving = [pair for pair in pairs if pair[0].is_floating_point() and self.n_averaged > 0]
        copied = [pair for pair in pairs if not pair[0].is_floating_point() or self.n_averaged == 0]
        if moving:
            own, new = map(list, zip(*moving, strict=True))
            torch._foreach_lerp_(own, new, 1 - self.decay_at(int(self.n_averaged)))
        if copied:
            own, new = map(list, zip(*copied, strict=True))
            torch._foreach_copy_(own, new)
        self.n_averaged += 1


def _tensors(model: nn.Module) -> list[Tensor]:
    """Return parameters and buffers, always in the same order."""
    return [tensor.detach() for tensor in (*model.parameters(), *model.buffers())]
