"""What happened in a block that mixes its tokens by a convolution: there is no attention to look at."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import NoReturn

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from stvit.capturing.mixer_weights import ConvWeights, linear
from stvit.capturing.records import BlockRecord, NoAttentionError


@dataclass(frozen=True, eq=False)
class ConvRecord(BlockRecord):
    """A block without attention: no heads, so queries and keys are empty, and whatever needs them refuses."""

    @property
    def kernel(self) -> Float[Tensor, "channels side side"]:
        """Weights of the depthwise convolution by channel and offset, shape (C, side, side), the same at all tokens.

        Raises:
            RuntimeError: If the weights were changed after the capture.
        """
        return self._convolutions().kernel

    @property
    def scale(self) -> float:
        """Not a number: there are no logits."""
        return math.nan

    def token_attention(self, image: int = 0) -> NoReturn:
        """Refuse.

        Raises:
            NoAttentionError: Always.
        """
        raise NoAttentionError(self.id)

    def token_query_key(self, image: int = 0) -> NoReturn:
        """Refuse.

        Raises:
            NoAttentionError: Always.
        """
        raise NoAttentionError(self.id)

    @cached_property
    def super_attention(self) -> NoReturn:
        """There is none; asking raises a `NoAttentionError`."""
        raise NoAttentionError(self.id)

    def replay(self) -> Float[Tensor, "batch channels height width"]:
        """Compute the output again from the tokens: 1 x 1, depthwise and 1 x 1 convolution."""
        weights = self._convolutions()
        value = linear(self._sequence(self.tokens), weights.value_weight, weights.value_bias)
        side = weights.kernel.shape[-1]
        mixed = F.conv2d(
            self._on_grid(value).permute(0, 3, 1, 2),
            weights.kernel[:, None].to(value.dtype),
            None if weights.kernel_bias is None else weights.kernel_bias.to(value.dtype),
            padding=side // 2,
            groups=len(weights.kernel),
        )
        output = linear(self._sequence(mixed), weights.proj_weight, weights.proj_bias)
        return self._on_grid(output).permute(0, 3, 1, 2)

    def _convolutions(self) -> ConvWeights:
        self.check_unchanged()
        assert isinstance(self.weights, ConvWeights)
        return self.weights
