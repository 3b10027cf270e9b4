"""Super token attention: sample tokens into super tokens, attend among them, map back."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from stvit.cell_association import AnyAssociation, associate
from stvit.grid import TokenGrid, as_cell
from stvit.layers import by_token


class Tap(nn.Module):
    """A named module without parameters that passes its inputs on, so that hooks can read them."""

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        """Return the inputs unchanged."""
        return tensors


class Associate(nn.Module):
    """The association as a module, so that a hook can see or replace it.

    Args:
        num_iters: Iterations of the super token sampling.
        detach: Compute it without gradient, as the released model does: gradients reach the features through
            the weighted sums only.
    """

    def __init__(self, num_iters: int, detach: bool) -> None:
        super().__init__()
        self.num_iters = num_iters
        self.detach = detach

    def forward(self, tokens: Float[Tensor, "b c h w"], grid: TokenGrid) -> AnyAssociation:
        """Return the association of tokens (B, C, H, W) on a grid."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.detach):
            return associate(tokens, grid, self.num_iters)

    def extra_repr(self) -> str:
        """Show the settings."""
        return f"num_iters={self.num_iters}, detach={self.detach}"


def split_heads(
    qkv: Float[Tensor, "batch triple_channels tokens"], heads: int
) -> tuple[
    Float[Tensor, "batch heads tokens head_dim"],
    Float[Tensor, "batch heads tokens head_dim"],
    Float[Tensor, "batch heads tokens head_dim"],
]:
    """Split the joint projection (B, 3 C, N) into q, k and v, each (B, heads, N, head_dim).

    The channels are laid out head by head as (q, k, v), as in the released weights.

    Example:
        >>> query, key, value = split_heads(torch.arange(6.0).view(1, 6, 1), heads=1)
        >>> query.flatten(), key.flatten(), value.flatten()
        (tensor([0., 1.]), tensor([2., 3.]), tensor([4., 5.]))
    """
    batch, channels, tokens = qkv.shape
    parts = qkv.reshape(batch, heads, channels // heads, tokens).transpose(-1, -2)
    query, key, value = parts.chunk(3, dim=-1)
    return query, key, value


class SelfAttention(nn.Module):
    """Multi-head self-attention among super tokens, with 1 x 1 convolutions around it.

    The queries and keys pass a tap; A(S) = softmax(q k^T / sqrt(head_dim)) can be computed from them, even
    where a fused kernel never forms it.
    """

    def __init__(self, channels: int, heads: int, bias: bool, dropout: float, projection_dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.qkv = nn.Conv2d(channels, 3 * channels, kernel_size=1, bias=bias)
        self.tap_query_key = Tap()
        self.proj = nn.Conv2d(channels, channels, kernel_size=1)
        self.projection_dropout = nn.Dropout(projection_dropout)

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Return the attended features, same shape."""
        query, key, value = split_heads(self.qkv(by_token(features)).flatten(2), self.heads)
        query, key = self.tap_query_key(query, key)
        dropout = self.dropout if self.training else 0.0
        mixed = F.scaled_dot_product_attention(query, key, value, dropout_p=dropout)
        mixed = mixed.transpose(-1, -2).reshape(features.shape)
        return self.projection_dropout(self.proj(by_token(mixed)))


class SuperTokenAttention(nn.Module):
    """Attention of tokens through super tokens, Q A(S) Q-hat^T (paper, section 3.2).

    With cell 1 the association is the identity and this is plain global attention.
    """

    def __init__(
        self,
        channels: int,
        heads: int,
        cell: int | tuple[int, int],
        num_iters: int = 1,
        *,
        qkv_bias: bool = True,
        attention_dropout: float = 0.0,
        projection_dropout: float = 0.0,
        detach_association: bool = True,
    ) -> None:
        super().__init__()
        self.cell = cell
        self.associate = Associate(num_iters, detach_association)
        self.tap_super_tokens = Tap()
        self.refine = SelfAttention(channels, heads, qkv_bias, attention_dropout, projection_dropout)

    @property
    def has_super_tokens(self) -> bool:
        """Whether super tokens stand for several tokens; with cell 1 each token is its own."""
        return as_cell(self.cell) != (1, 1)

    def forward(self, tokens: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Return the attended tokens (B, C, H, W)."""
        grid = TokenGrid(tokens.shape[2], tokens.shape[3], self.cell)
        association = self.associate(tokens, grid)
        if grid.is_identity:
            (super_tokens,) = self.tap_super_tokens(tokens)
            return self.refine(super_tokens)
        sampled = association.sample(tokens.flatten(2).transpose(1, 2)).transpose(1, 2)
        (super_tokens,) = self.tap_super_tokens(sampled.unflatten(2, (grid.rows, grid.columns)))
        refined = self.refine(super_tokens).flatten(2).transpose(1, 2)
        return association.upsample(refined).transpose(1, 2).unflatten(2, (grid.height, grid.width))
