"""The weights of a block's mixer as plain matrices, with a fingerprint that shows whether they were changed."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from stvit.attention import SelfAttention, split_heads
from stvit.mixers import LocalConvolution, WindowAttention


class MixerWeights(ABC):
    """The weights of one block's mixer, shared with the model, not copied.

    Attributes:
        heads: Number of heads; 0 without attention.
        fingerprint: Sums over the bits of the weights at the time of creation, see `is_unchanged`.
    """

    heads: int
    fingerprint: tuple[Tensor, ...]

    @abstractmethod
    def tensors(self) -> tuple[Tensor | None, ...]:
        """Return all weights as matrices and vectors."""

    @property
    def is_unchanged(self) -> bool:
        """Whether the weights are unchanged since this object was made.

        The bits of each row and of each column, read as whole numbers, are added up. Whatever training or loading
        writes changes some of these sums, which cost about 2 % of a forward pass and need no copy of the weights.
        """
        now = _fingerprint(self.tensors())
        return all(before.equal(after) for before, after in zip(self.fingerprint, now, strict=True))


@dataclass(frozen=True, eq=False)
class AttentionWeights(MixerWeights):
    """The projections of an attention.

    Attributes:
        qkv_weight: Shape (3 C, C), channels laid out head by head as (q, k, v).
        qkv_bias: Shape (3 C,), or None.
        proj_weight: Shape (C, C).
        proj_bias: Shape (C,), or None.
        relative_bias: What each head adds to a logit by the offset of query and key, shape
            (heads, 2 window - 1, 2 window - 1), in windowed attention that has it; else None.
        heads: Number of heads.
        fingerprint: See `MixerWeights`.
    """

    qkv_weight: Float[Tensor, "triple channels"]
    qkv_bias: Float[Tensor, " triple"] | None
    proj_weight: Float[Tensor, "channels channels"]
    proj_bias: Float[Tensor, " channels"] | None
    relative_bias: Float[Tensor, "heads row_offsets column_offsets"] | None
    heads: int
    fingerprint: tuple[Tensor, ...]

    @classmethod
    def of(cls, attention: SelfAttention | WindowAttention) -> "AttentionWeights":
        """Return the projections of a module."""
        table = attention.bias_table if isinstance(attention, WindowAttention) else None
        bias = None if table is None else table.detach()
        parts = (*_matrix_and_bias(attention.qkv), *_matrix_and_bias(attention.proj), bias)
        return cls(*parts, attention.heads, _fingerprint(parts))

    def tensors(self) -> tuple[Tensor | None, ...]:
        """Return all weights."""
        return self.qkv_weight, self.qkv_bias, self.proj_weight, self.proj_bias, self.relative_bias

    def qkv(self, features: Float[Tensor, "batch length channels"]) -> tuple[Tensor, Tensor, Tensor]:
        """Return q, k and v of features (B, L, C), each (B, heads, L, head_dim)."""
        joint = linear(features, self.qkv_weight, self.qkv_bias)
        return split_heads(joint.transpose(1, 2), self.heads)

    def project(self, features: Float[Tensor, "batch length channels"]) -> Float[Tensor, "batch length channels"]:
        """Return the output projection of features (B, L, C)."""
        return linear(features, self.proj_weight, self.proj_bias)


@dataclass(frozen=True, eq=False)
class ConvWeights(MixerWeights):
    """The three convolutions of a block without attention: 1 x 1, depthwise, 1 x 1.

    Attributes:
        value_weight: Shape (C, C).
        value_bias: Shape (C,).
        kernel: Weights of the depthwise convolution by channel and offset, shape (C, side, side).
        kernel_bias: Shape (C,).
        proj_weight: Shape (C, C).
        proj_bias: Shape (C,).
        fingerprint: See `MixerWeights`.
        heads: 0, for there is no attention.
    """

    value_weight: Float[Tensor, "channels channels"]
    value_bias: Float[Tensor, " channels"] | None
    kernel: Float[Tensor, "channels side side"]
    kernel_bias: Float[Tensor, " channels"] | None
    proj_weight: Float[Tensor, "channels channels"]
    proj_bias: Float[Tensor, " channels"] | None
    fingerprint: tuple[Tensor, ...]
    heads: int = 0

    @classmethod
    def of(cls, mixer: LocalConvolution) -> "ConvWeights":
        """Return the weights of a module."""
        kernel, kernel_bias = mixer.aggregate.weight.detach()[:, 0], _matrix_and_bias(mixer.aggregate)[1]
        parts = (*_matrix_and_bias(mixer.value), kernel, kernel_bias, *_matrix_and_bias(mixer.proj))
        return cls(*parts, _fingerprint(parts))

    def tensors(self) -> tuple[Tensor | None, ...]:
        """Return all weights."""
        value, kernel = (self.value_weight, self.value_bias), (self.kernel, self.kernel_bias)
        return *value, *kernel, self.proj_weight, self.proj_bias


def linear(
    features: Float[Tensor, "*batch channels"],
    weight: Float[Tensor, "out channels"],
    bias: Float[Tensor, " out"] | None,
) -> Float[Tensor, "*batch out"]:
    """Return W x + b in the type of the features, which under autocast is narrower than that of the weights.

    Example:
        >>> linear(torch.ones(2, dtype=torch.bfloat16), torch.ones(1, 2), None)
        tensor([2.], dtype=torch.bfloat16)
    """
    return F.linear(features, weight.to(features.dtype), None if bias is None else bias.to(features.dtype))


def _matrix_and_bias(convolution: nn.Conv2d) -> tuple[Tensor, Tensor | None]:
    """Return the weight of a convolution as a matrix, and its bias, without gradient."""
    bias = convolution.bias
    return convolution.weight.detach().flatten(1), None if bias is None else bias.detach()


def _fingerprint(tensors: Iterable[Tensor | None]) -> tuple[Tensor, ...]:
    """Return the sums of the bits of each row and column of matrices, and the bits of vectors, modulo 2^64."""
    found: list[Tensor] = []
    for tensor in tensors:
        if tensor is not None:
            bits = _bits(tensor if tensor.ndim == 1 else tensor.flatten(1))
            found += [bits.clone()] if bits.ndim == 1 else [bits.sum(axis, dtype=torch.int64) for axis in (0, 1)]
    return tuple(found)


def _bits(tensor: Tensor) -> Tensor:
    """Return the bits as whole numbers, eight bytes each where that fits: half as many are added up twice as fast."""
    size = tensor.element_size()
    if tensor.shape[-1] * size % 8:
        return tensor.contiguous().view({1: torch.int8, 2: torch.int16, 4: torch.int32}[size])
    aligned = tensor.clone() if tensor.storage_offset() * size % 8 else tensor.contiguous()
    return aligned.view(torch.int64)
