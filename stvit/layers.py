"""The convolutional parts of STViT: stem, downsampling, positional encoding, feed-forward, norms."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from stvit.precision import at_least_single

LAYER_NORM_EPSILON = 1e-6


def by_token(features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
    """Make a feature map channels-last in memory on the CPU, as its fused attention requires; leave it elsewhere."""
    if features.device.type != "cpu":
        return features
    batch, channels, height, width = features.shape
    last = features.contiguous(memory_format=torch.channels_last).permute(0, 2, 3, 1)
    # Rebuilt from its rows, even a batch of one has the strides by which PyTorch recognises the layout.
    return last.reshape(-1, channels).view(batch, height, width, channels).permute(0, 3, 1, 2)


def layout_of(features: Float[Tensor, "b c h w"]) -> torch.memory_format:
    """Return whether a feature map is stored channels-last or in the order of its shape."""
    last = features.is_contiguous(memory_format=torch.channels_last)
    return torch.channels_last if last else torch.contiguous_format


class ChannelLayerNorm(nn.LayerNorm):
    """LayerNorm over the channels of a feature map (B, C, H, W), eps 1e-6."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=LAYER_NORM_EPSILON)

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Normalise each token over its channels, and keep the layout in memory."""
        normalised = super().forward(features.movedim(1, -1)).movedim(-1, 1)
        return normalised.contiguous(memory_format=layout_of(features))


class ResidualDepthwiseConv(nn.Conv2d):
    """A depthwise 3 x 3 convolution with its own residual; as CPE it carries the position.

    Attributes:
        folded: Whether the residual is in the middle of the kernels, as in an inference copy.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels, kernel_size=3, padding=1, groups=channels)
        self.folded = False

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Return x + conv(x)."""
        mixed = super().forward(features)
        return mixed if self.folded else features + mixed

    def whole_kernels(self) -> Float[Tensor, "c 1 3 3"]:
        """Return the kernels of a convolution that does all of it: 1 is added in the middle for the residual.

        In single precision at least: half precision would lose the weights beside the 1.
        """
        kernels = at_least_single(self.weight.detach())
        return kernels if self.folded else kernels + F.pad(kernels.new_ones(1, 1), (1, 1, 1, 1))


class ConvFFN(nn.Module):
    """Feed-forward of 1 x 1 convolutions; the depthwise 3 x 3 sits between activation and second 1 x 1."""

    def __init__(self, channels: int, hidden: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.expand = nn.Conv2d(channels, hidden, kernel_size=1)
        self.activation = nn.GELU()
        self.depthwise = ResidualDepthwiseConv(hidden)
        self.project = nn.Conv2d(hidden, channels, kernel_size=1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Return the mixed features, same shape."""
        hidden = self.dropout(self.activation(self.expand(features)))
        return self.dropout(self.project(self.depthwise(hidden)))


class Stem(nn.Sequential):
    """Four 3 x 3 convolutions with strides 2, 1, 2, 1, each followed by GELU and then BatchNorm."""

    def __init__(self, in_channels: int, channels: int) -> None:
        half = channels // 2
        plan = [(in_channels, half, 2), (half, half, 1), (half, channels, 2), (channels, channels, 1)]
        layers: list[nn.Module] = []
        for before, after, stride in plan:
            layers += [nn.Conv2d(before, after, 3, stride, padding=1), nn.GELU(), nn.BatchNorm2d(after)]
        super().__init__(*layers)


class Downsample(nn.Sequential):
    """A 3 x 3 convolution with stride 2 and BatchNorm between stages."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__(nn.Conv2d(before, after, 3, stride=2, padding=1), nn.BatchNorm2d(after))


class LayerScale(nn.Module):
    """A learned factor per channel on a residual branch."""

    def __init__(self, channels: int, init: float) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.full((1, channels, 1, 1), init))

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Return gamma * x."""
        return self.gamma * features


class StochasticDepth(nn.Module):
    """Drop a residual branch for whole images while training (Huang et al., 2016)."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Return x, or 0 with probability `rate` per image and x / (1 - rate) otherwise."""
        if not self.training or self.rate == 0:
            return features
        keep = F.dropout(features.new_ones(len(features), 1, 1, 1), self.rate)
        return features * keep

    def extra_repr(self) -> str:
        """Show the rate."""
        return f"rate={self.rate:g}"


@contextmanager
def unrecorded_batch_norm(module: nn.Module) -> Iterator[None]:
    """Keep BatchNorms in training mode from adding the batches of this context to their running statistics.

    For the second run of a checkpointed block, which would otherwise count each batch twice.
    """
    norms = [part for part in module.modules() if isinstance(part, nn.BatchNorm2d)]
    kept = [(norm, norm.momentum, norm.num_batches_tracked) for norm in norms]
    try:
        for norm in norms:
            norm.momentum, norm.num_batches_tracked = 0.0, None
        yield
    finally:
        for norm, momentum, counted in kept:
            norm.momentum, norm.num_batches_tracked = momentum, counted
