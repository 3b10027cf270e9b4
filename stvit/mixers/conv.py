"""Mixing by convolution: UniFormer's local relation aggregator."""

from jaxtyping import Float
from torch import Tensor, nn

from stvit.layers import by_token

KERNEL = 5
"""Side of the depthwise kernel, in tokens."""


class LocalConvolution(nn.Module):
    """A 1 x 1, a depthwise 5 x 5 and a 1 x 1 convolution (UniFormer, Li et al., ICLR 2022, section 3.2).

    Each token takes a weighted sum of the 5 x 5 values around it; the weights depend on channel and offset, not on
    the content of the tokens, so there is no attention here. Outside the grid the values are zero.

    Args:
        channels: Channels of the tokens.
        dropout: Dropout after the last convolution.
    """

    def __init__(self, channels: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.value = nn.Conv2d(channels, channels, kernel_size=1)
        self.aggregate = nn.Conv2d(channels, channels, KERNEL, padding=KERNEL // 2, groups=channels)
        self.proj = nn.Conv2d(channels, channels, kernel_size=1)
        self.projection_dropout = nn.Dropout(dropout)

    def forward(self, tokens: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Return the mixed tokens (B, C, H, W)."""
        return self.projection_dropout(self.proj(self.aggregate(self.value(by_token(tokens)))))
