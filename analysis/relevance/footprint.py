"""The footprint of convolutions: how relevance at their outputs falls back on their inputs, to first order.

A convolution mixes channels and has signs; a rollout follows one number per position. The footprint replaces it by
an average over positions: row n holds the share of each of the nine inputs under the kernel at n. Shares are the
mean over channels (or pairs of channels) of |weight|, the mean absolute Jacobian of the convolution, so cancelling
weights and the size of the activations are ignored. Rows are normalised over the inputs that lie inside the map:
the zeros around it receive nothing, and every row sums to 1. Biases, norms and activations act on each position by
itself and have no footprint.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from stvit import BlockId, STViT
from stvit.layers import ResidualDepthwiseConv
from stvit.precision import at_least_single

Taps = Literal["magnitude", "uniform"]
"""Where shares come from: the kernels of the model, or the size of the kernel only (the receptive field)."""


@dataclass(frozen=True, eq=False)
class Footprint:
    """The footprint of one 3 x 3 convolution with padding 1.

    Attributes:
        taps: Share of each input under the kernel, shape (3, 3), not negative; their scale does not matter.
        stride: Of the convolution.
    """

    taps: Float[Tensor, "3 3"]
    stride: int = 1

    def __post_init__(self) -> None:
        """Check that every row of the footprint can be normalised."""
        if not (bool((self.taps >= 0).all()) and bool(self.taps[1, 1] > 0) and bool(self.taps.isfinite().all())):
            raise ValueError(
                f"A footprint needs nine finite shares of at least 0, the middle one above 0, got "
                f"{self.taps.flatten().tolist()}; the weights of this convolution are zero or broken."
            )

    @classmethod
    def of(cls, convolution: nn.Conv2d, taps: Taps = "magnitude") -> "Footprint":
        """Return the footprint of a convolution of the model, its own residual included if it has one."""
        residual = convolution if isinstance(convolution, ResidualDepthwiseConv) else None
        kernel = residual.whole_kernels() if residual else at_least_single(convolution.weight.detach())
        shares = kernel.abs() if taps == "magnitude" else torch.full_like(kernel, 1 / 9)
        if residual and taps == "uniform":
            shares[:, :, 1, 1] += 1
        return cls(shares.mean((0, 1)), convolution.stride[0])

    def back(
        self, relevance: Float[Tensor, "columns height width"], size: tuple[int, int]
    ) -> Float[Tensor, "columns input_height input_width"]:
        """Return the relevance of the inputs from that of the outputs: the transposed footprint times it.

        Args:
            relevance: Any number of maps over the outputs.
            size: Height and width of the input, which the stride leaves open.

        Raises:
            ValueError: If an input of this size has outputs of another size.

        Example:
            >>> Footprint(torch.ones(3, 3)).back(torch.ones(1, 2, 2), size=(2, 2)).sum()  # nothing is lost
            tensor(4.)
        """
        expected = tuple(-(-side // self.stride) for side in size)
        if relevance.shape[1:] != expected:
            raise ValueError(
                f"An input of {size[0]} x {size[1]} gives {expected[0]} x {expected[1]} outputs at stride "
                f"{self.stride}, got relevance of {relevance.shape[1]} x {relevance.shape[2]}."
            )
        taps = self.taps.to(relevance)[None, None]
        inside = F.conv2d(relevance.new_ones(1, 1, *size), taps, stride=self.stride, padding=1)
        missing = [side - (out - 1) * self.stride - 1 for side, out in zip(size, expected, strict=True)]
        shared = (relevance / inside[0]).unsqueeze(1)
        return F.conv_transpose2d(shared, taps, stride=self.stride, padding=1, output_padding=missing)[:, 0]


@dataclass(frozen=True, eq=False)
class Footprints:
    """The footprints of all convolutions of a model, as they were when taken.

    Attributes:
        blocks: All blocks of the model, in order of depth.
        stem: The four convolutions of the stem, in order.
        downsample: By stage, the convolution that leads to it from the stage before.
        position: By block, the CPE with its residual; a block that is missing stands for the identity.
        ffn: By block, the depthwise convolution of the ConvFFN with its own residual, but not the ConvFFN's.
    """

    blocks: tuple[BlockId, ...]
    stem: tuple[Footprint, ...]
    downsample: Mapping[int, Footprint]
    position: Mapping[BlockId, Footprint]
    ffn: Mapping[BlockId, Footprint]

    @classmethod
    def of(cls, model: STViT, taps: Taps = "magnitude") -> "Footprints":
        """Return the footprints of a model.

        Args:
            model: The model.
            taps: "magnitude" weighs each input by the mean absolute weight of the kernels; "uniform" weighs all
                nine alike (half of a depthwise convolution being its residual), which is the widest reading.

        Raises:
            ValueError: If taps is no known kind, or a convolution has no weight to go by.
        """
        if taps not in get_args(Taps):
            raise ValueError(f"Taps must be one of {', '.join(get_args(Taps))}, got {taps!r}.")
        blocks = model.blocks()
        return cls(
            blocks=tuple(blocks),
            stem=tuple(Footprint.of(part, taps) for part in _convolutions(model.stem)),
            downsample={
                stage + 1: Footprint.of(part, taps)
                for stage, module in enumerate(model.stages)
                for part in _convolutions(module.get_submodule("downsample"))
            },
            position={block: Footprint.of(module.position, taps) for block, module in blocks.items()},
            ffn={block: Footprint.of(module.ffn.depthwise, taps) for block, module in blocks.items()},
        )

    def without_depthwise(self) -> "Footprints":
        """Return the same without the convolutions inside the blocks: CPE and ConvFFN count as the identity."""
        return replace(self, position={}, ffn={})


def _convolutions(module: nn.Module) -> Iterator[nn.Conv2d]:
    """Yield the convolutions of a part of the model, in order."""
    return (part for part in module.modules() if isinstance(part, nn.Conv2d))
