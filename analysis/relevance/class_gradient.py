"""How much the logit of a class depends on each entry of A(S), kept as factors."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from stvit import Attention, BlockId, RowBlock, SoftmaxAttention, STViT
from stvit.attention import SelfAttention, SuperTokenAttention, split_heads
from stvit.capturing.shared_model import attached, evaluating, in_this_thread
from stvit.capturing.wrapped import underneath
from stvit.mixers import LocalConvolution, WindowAttention
from stvit.precision import at_least_single


@dataclass(frozen=True, eq=False)
class WeightedAttention(Attention):
    """A(S) of one block and image, each entry weighted by what the logit gains from it.

    The head's output is A(S) V, so the gradient of a logit y by A(S) is (dy / d output) V^T. Entries are
    (dy/dA * A)^+ and their mean is taken over heads (Chefer et al., ICCV 2021, equation 5).

    Attributes:
        attention: A(S), by head.
        value: V, shape (heads, M, head_dim).
        gradient: Gradient of the logit by the head's output, shape (heads, M, head_dim).
    """

    attention: Attention
    value: Float[Tensor, "heads super_tokens head_dim"]
    gradient: Float[Tensor, "heads super_tokens head_dim"]

    def head_rows(self, start: int, stop: int) -> RowBlock:
        """Return weighted rows start to stop (excluded), their mean over heads as the only head."""
        rows = self.attention.head_rows(start, stop).dense()
        slope = at_least_single(self.gradient[:, start:stop]) @ at_least_single(self.value).transpose(-1, -2)
        return RowBlock(start, (slope * rows).clamp(min=0).mean(0, keepdim=True), None, self.attention.num_tokens)


@dataclass(frozen=True, eq=False)
class ClassGradients:
    """The weighted attention of every block that has one, for one picture and class.

    Attributes:
        target: The class, counted from 0.
        logit: Its logit.
        attention: By block, in order of depth.
    """

    target: int
    logit: float
    attention: Mapping[BlockId, WeightedAttention]


def class_gradients(
    model: STViT, pixels: Float[Tensor, "1 channels height width"], target: int | None = None
) -> ClassGradients:
    """Run the model once forward and once backward, and weight every A(S) by the gradient of one logit.

    The model runs in evaluation mode and its parameters collect no gradient. Other threads may use it meanwhile.
    The association passes no gradient on where the model detaches it, as released models do.

    Args:
        model: The model.
        pixels: One normalised image, shape (1, 3, H, W).
        target: The class, counted from 0; the most probable one if None.

    Raises:
        ValueError: If there is not exactly one image.
        IndexError: If there is no such class.
    """
    if len(pixels) != 1:
        raise ValueError(f"Expected one image, got {len(pixels)}; pass them one by one, as pixels[i : i + 1].")
    model = underneath(model)
    with torch.enable_grad(), evaluating(model), _listening(model) as heard:
        logits = model(pixels.detach().requires_grad_())[0]
        chosen = int(logits.argmax()) if target is None else target
        if not 0 <= chosen < len(logits):
            raise IndexError(f"Class {chosen} does not exist; this model has classes 0 to {len(logits) - 1}.")
        attending = _attending(model)
        slopes = torch.autograd.grad(logits[chosen], [heard[block, "output"] for block in attending])
    weighted = {
        block: _weighted(attention, heard[block, "qkv"].detach(), slope)
        for (block, attention), slope in zip(attending.items(), slopes, strict=True)
    }
    return ClassGradients(chosen, float(logits[chosen].detach()), weighted)


def _attending(model: STViT) -> dict[BlockId, SelfAttention | WindowAttention]:
    """Return what holds the projections of each block that has an attention."""
    mixers = {block: module.attention for block, module in model.blocks().items()}
    return {
        block: mixer.refine if isinstance(mixer, SuperTokenAttention) else mixer
        for block, mixer in mixers.items()
        if not isinstance(mixer, LocalConvolution)
    }


def _weighted(attention: SelfAttention | WindowAttention, qkv: Tensor, slope: Tensor) -> WeightedAttention:
    """Split the joint projection and the gradient of the heads' outputs, laid side by side, into heads."""
    heads = attention.heads
    query, key, value = (part[0] for part in split_heads(qkv.flatten(2), heads))
    gradient = slope[0].flatten(1).unflatten(0, (heads, -1)).transpose(-1, -2)
    if isinstance(attention, WindowAttention):
        return WeightedAttention(attention.between(query, key, *qkv.shape[2:]), value, gradient)
    return WeightedAttention(SoftmaxAttention(query, key, query.shape[-1] ** -0.5), value, gradient)


@contextmanager
def _listening(model: STViT) -> Iterator[dict[tuple[BlockId, str], Tensor]]:
    """Keep the joint projection and the heads' outputs of every block, of this thread's runs only."""
    heard: dict[tuple[BlockId, str], Tensor] = {}

    def joint(block: BlockId, module: nn.Module, inputs: Any, output: Tensor) -> None:
        heard[block, "qkv"] = output

    def of_heads(block: BlockId, module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        heard[block, "output"] = inputs[0]

    def handles() -> Iterator[RemovableHandle]:
        for block, attention in _attending(model).items():
            yield attention.qkv.register_forward_hook(in_this_thread(partial(joint, block)))
            yield attention.proj.register_forward_pre_hook(in_this_thread(partial(of_heads, block)))

    with attached(handles()):
        yield heard
