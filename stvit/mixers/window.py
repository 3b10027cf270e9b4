"""Attention inside windows that are shifted in every second block, as in Swin."""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from stvit.attention import Tap, split_heads
from stvit.attentions.windowed import WindowedAttention
from stvit.layers import by_token


class WindowAttention(nn.Module):
    """Multi-head self-attention inside non-overlapping windows (Swin, Liu et al., ICCV 2021, section 3.2).

    A token attends to the tokens of its window (`axis_windows` says which they are):
    softmax(q k^T / sqrt(head_dim) + bias). A grid that the window does not divide is padded at the bottom and right
    and, where windows are shifted, rolled cyclically as in Swin. Tokens that meet only by rolling are masked
    as in Swin; so are padding tokens, which some implementations of Swin let take part: no mass is lost here.

    Args:
        channels: Channels of the tokens.
        heads: Attention heads.
        window: Side of a window in tokens.
        shift: How far the windows are moved down and right, in tokens; 0 along an axis that one window covers.
        qkv_bias: Whether the joint projection has a bias.
        relative_position_bias: Whether each head adds a learned number for each offset of query and key.
        attention_dropout: Dropout on the attention.
        projection_dropout: Dropout after the projection.
    """

    def __init__(
        self,
        channels: int,
        heads: int,
        window: int,
        shift: int = 0,
        *,
        qkv_bias: bool = True,
        relative_position_bias: bool = False,
        attention_dropout: float = 0.0,
        projection_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.heads, self.window, self.shift = heads, window, shift
        self.qkv = nn.Conv2d(channels, 3 * channels, kernel_size=1, bias=qkv_bias)
        self.tap_query_key = Tap()
        self.bias_table: nn.Parameter | None = None
        if relative_position_bias:
            self.bias_table = nn.Parameter(torch.zeros(heads, 2 * window - 1, 2 * window - 1))
        self.attention_dropout = nn.Dropout(attention_dropout)
        self.proj = nn.Conv2d(channels, channels, kernel_size=1)
        self.projection_dropout = nn.Dropout(projection_dropout)

    def forward(self, tokens: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Return the attended tokens (B, C, H, W)."""
        height, width = tokens.shape[2:]
        query, key, value = split_heads(self.qkv(by_token(tokens)).flatten(2), self.heads)
        query, key = self.tap_query_key(query, key)
        query, key, value = (self._to_windows(part, height, width) for part in (query, key, value))
        logits = query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5
        weights = self.attention_dropout((logits + self._added(height, width, logits)).softmax(-1))
        mixed = self._from_windows(weights.to(value.dtype) @ value, height, width)
        return self.projection_dropout(self.proj(by_token(mixed)))

    def shifts(self, height: int, width: int) -> tuple[int, int]:
        """Return how far the windows are moved down and right on a grid, in tokens."""
        return tuple(0 if side <= self.window else self.shift for side in (height, width))  # type: ignore[return-value]  # two sides

    def between(
        self, query: Float[Tensor, "heads tokens d"], key: Float[Tensor, "heads tokens d"], height: int, width: int
    ) -> WindowedAttention:
        """Return the attention between the tokens of one image as its queries and keys, without N x N numbers."""
        bias = None if self.bias_table is None else self.bias_table.detach()
        scale, shifts = query.shape[-1] ** -0.5, self.shifts(height, width)
        return WindowedAttention(query, key, scale, height, width, self.window, shifts, bias)

    def relative_bias(
        self, row_offset: Int[Tensor, "queries keys"], column_offset: Int[Tensor, "queries keys"]
    ) -> Float[Tensor, "heads queries keys"]:
        """Return what each head adds to the logit of a query and a key.

        Args:
            row_offset: Row of the query minus row of the key, below `window` either way.
            column_offset: The same for columns.

        Raises:
            ValueError: If this block has no relative position bias.
        """
        if self.bias_table is None:
            raise ValueError("This block has no relative position bias; build it with relative_position_bias=True.")
        return self.bias_table[:, row_offset + self.window - 1, column_offset + self.window - 1]

    def extra_repr(self) -> str:
        """Show the settings."""
        return f"heads={self.heads}, window={self.window}, shift={self.shift}"

    def _added(self, height: int, width: int, logits: Tensor) -> Float[Tensor, "*heads windows slots slots"]:
        """Return what is added to the logits: -inf for keys that a query must not see, and the bias."""
        row, column = self.shifts(height, width)
        allowed = _visible(height, width, self.window, (row, column), logits.device)
        added = torch.zeros_like(allowed, dtype=logits.dtype).masked_fill(~allowed, -torch.inf)
        if self.bias_table is None:
            return added
        slots = torch.arange(self.window**2, device=logits.device)
        rows, columns = slots // self.window, slots % self.window
        bias = self.relative_bias(rows[:, None] - rows, columns[:, None] - columns)
        return added + bias[:, None].to(logits.dtype)

    def _to_windows(self, part: Tensor, height: int, width: int) -> Tensor:
        """Regroup (B, heads, N, d) by window, (B, heads, windows, slots, d); padding is zero."""
        size, (down, right) = self.window, self.shifts(height, width)
        image = part.unflatten(2, (height, width))
        image = F.pad(image, (0, 0, 0, -width % size, 0, -height % size))
        if down or right:
            image = image.roll((-down, -right), (2, 3))
        cells = image.unflatten(3, (-1, size)).unflatten(2, (-1, size)).transpose(3, 4)
        return cells.flatten(4, 5).flatten(2, 3)

    def _from_windows(self, windows: Tensor, height: int, width: int) -> Float[Tensor, "b c h w"]:
        """Undo `_to_windows`, dropping the padding, and join the heads."""
        size, (down, right) = self.window, self.shifts(height, width)
        columns = -(-width // size)
        cells = windows.unflatten(3, (size, size)).unflatten(2, (-1, columns)).transpose(3, 4)
        image = cells.flatten(4, 5).flatten(2, 3)
        if down or right:
            image = image.roll((down, right), (2, 3))
        return image[:, :, :height, :width].permute(0, 1, 4, 2, 3).flatten(1, 2)


def axis_windows(length: int, window: int, shift: int, device: torch.device | None = None) -> Int[Tensor, " length"]:
    """Return the number of the window that holds each position of an axis.

    Windows begin at `shift` and extend in both directions, so the first number is -1 where they are shifted. Two tokens
    see each other where their numbers agree along both axes.

    Example:
        >>> axis_windows(5, window=2, shift=1)
        tensor([-1,  0,  0,  1,  1])
    """
    return torch.div(torch.arange(length, device=device) - shift, window, rounding_mode="floor")


def _visible(
    height: int, width: int, window: int, shifts: tuple[int, int], device: torch.device
) -> Bool[Tensor, "windows slots slots"]:
    """Return which key slots each query slot of each window may see, for windows laid out by `_to_windows`."""
    rows, columns = (
        _same_region(side, window, shift, device) for side, shift in zip((height, width), shifts, strict=True)
    )
    both = rows[:, None, :, None, :, None] & columns[None, :, None, :, None, :]
    return both.reshape(len(rows) * len(columns), window**2, window**2)


def _same_region(length: int, window: int, shift: int, device: torch.device) -> Bool[Tensor, "windows slots slots"]:
    """Return which positions of each window of a padded and rolled axis belong together."""
    padding = -length % window
    # Padding positions belong together too: a query there must see something, or its softmax is NaN.
    number = F.pad(axis_windows(length, window, shift, device), (0, padding), value=-2).roll(-shift)
    region = number.unflatten(0, (-1, window))
    return region[:, :, None] == region[:, None, :]
