"""The moving average of a model's weights (EMA)."""

from copy import deepcopy

import torch
from torch import Tensor, nn


class AveragedModel(nn.Module):
    """A copy of a model whose weights follow it: average = decay * average + (1 - decay) * weights.

    Buffers of floats (BatchNorm's statistics) are averaged too, whole numbers are copied. The first update copies
    everything. The same as PyTorch's class of that name, without a question to each tensor at each step.

    Args:
        model: The model to follow.
        decay: Decay per update.
    """

    n_averaged: Tensor

    def __init__(self, model: nn.Module, decay: float) -> None:
        super().__init__()
        self.module = deepcopy(model)
        self.decay = decay
        self.register_buffer("n_averaged", torch.tensor(0, device="cpu"))

    @torch.no_grad()
    def update_parameters(self, model: nn.Module) -> None:
        """Take in the weights of a model."""
        own, new = _tensors(self.module), _tensors(model)
        if self.n_averaged == 0:
            torch._foreach_copy_(own, new)
        else:
            floats = [index for index, tensor in enumerate(own) if tensor.is_floating_point()]
            others = [index for index, tensor in enumerate(own) if not tensor.is_floating_point()]
            torch._foreach_lerp_([own[i] for i in floats], [new[i] for i in floats], 1 - self.decay)
            torch._foreach_copy_([own[i] for i in others], [new[i] for i in others])
        self.n_averaged += 1


def _tensors(model: nn.Module) -> list[Tensor]:
    """Return parameters and buffers, always in the same order."""
    return [tensor.detach() for tensor in (*model.parameters(), *model.buffers())]
