"""Where the tokens of a block are, and how its attention follows from their queries and keys."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float, Int
from torch import Tensor

from stvit import Attention, SoftmaxAttention, TokenGrid, WindowedAttention


@dataclass(frozen=True, eq=False)
class Layout(ABC):
    """The tokens that take part in the attention of a block: those of the picture and others.

    Attributes:
        grid: Layout of the tokens of the picture.
        heads: Number of heads.
        scale: Factor of the logits q k^T.
    """

    grid: TokenGrid
    heads: int
    scale: float

    @property
    @abstractmethod
    def picture(self) -> Int[Tensor, " tokens"]:
        """Numbers of the tokens of the picture among all, row by row."""

    @property
    @abstractmethod
    def others(self) -> Mapping[str, Int[Tensor, " others"]]:
        """Numbers of the other tokens by kind: class, distillation, registers, padding."""

    @property
    @abstractmethod
    def is_global(self) -> bool:
        """Whether every token attends to all."""

    @abstractmethod
    def in_order(self, features: Tensor) -> Float[Tensor, "batch all_tokens channels"]:
        """Return features as the attention module takes them as a row of all tokens for each image."""

    @abstractmethod
    def attention(
        self, query: Float[Tensor, "heads all_tokens head_dim"], key: Float[Tensor, "heads all_tokens head_dim"]
    ) -> Attention:
        """Return the attention among all tokens of one image."""

    def by_head(self, features: Tensor) -> Float[Tensor, "batch heads all_tokens head_dim"]:
        """Return projected features of the attention module by head."""
        return self.in_order(features).unflatten(2, (self.heads, -1)).transpose(1, 2)


@dataclass(frozen=True, eq=False)
class SequenceLayout(Layout):
    """Tokens in one row, a few without a position before those of the picture; all attend to all.

    Attributes:
        extra: How many tokens of each kind stand before those of the picture, in order.
    """

    extra: Mapping[str, int]

    is_global = True

    @cached_property
    def picture(self) -> Int[Tensor, " tokens"]:
        """Numbers of the tokens of the picture."""
        return torch.arange(self.grid.num_tokens) + sum(self.extra.values())

    @cached_property
    def others(self) -> Mapping[str, Int[Tensor, " others"]]:
        """Numbers of the tokens before them by kind."""
        split = torch.arange(sum(self.extra.values())).split(list(self.extra.values()))
        return dict(zip(self.extra, split, strict=True))

    def in_order(self, features: Tensor) -> Float[Tensor, "batch all_tokens channels"]:
        """Return the features as they are."""
        return features

    def attention(
        self, query: Float[Tensor, "heads all_tokens head_dim"], key: Float[Tensor, "heads all_tokens head_dim"]
    ) -> SoftmaxAttention:
        """Return softmax(q k^T * scale)."""
        return SoftmaxAttention(query, key, self.scale)


@dataclass(frozen=True, eq=False)
class WindowLayout(Layout):
    """Tokens on a grid that is padded at the bottom and right to whole windows, as Swin does.

    Padding tokens take part: they have queries and keys (the biases of the projections), and tokens in the same
    window attend to them. Where windows are shifted the padded grid is rolled; tokens that come together only by
    rolling do not see each other. (The models add -100 to such logits, here it is -infinity: the same below 1e-30
    unless logits of one row differ by more than 30.)

    Attributes:
        window: Tokens per window and axis.
        shift: How far the windows are moved down and right, in tokens; 0 for not at all.
        bias: What each head adds to a logit by the offset of query and key, shape (heads, 2 w - 1, 2 w - 1) with
            offset 0 in the middle.
    """

    window: int
    shift: int
    bias: Float[Tensor, "heads row_offsets column_offsets"]

    is_global = False

    @property
    def padded(self) -> tuple[int, int]:
        """Rows and columns of the padded grid."""
        return (
            self.grid.height + -self.grid.height % self.window,
            self.grid.width + -self.grid.width % self.window,
        )

    @cached_property
    def picture(self) -> Int[Tensor, " tokens"]:
        """Numbers of the tokens of the picture on the padded grid."""
        return self._numbered[: self.grid.height, : self.grid.width].flatten()

    @cached_property
    def others(self) -> Mapping[str, Int[Tensor, " others"]]:
        """Numbers of the padding tokens, if there are any."""
        inside = torch.zeros(self.padded, dtype=torch.bool)
        inside[: self.grid.height, : self.grid.width] = True
        return {} if inside.all() else {"padding": self._numbered[~inside]}

    def in_order(self, windows: Tensor) -> Float[Tensor, "batch all_tokens channels"]:
        """Put windows (B * windows, w^2, C) back on the padded grid, and row by row."""
        (height, width), size = self.padded, self.window
        cells = windows.reshape(-1, height // size, width // size, size, size, windows.shape[-1])
        rolled = cells.transpose(2, 3).reshape(-1, height, width, windows.shape[-1])
        return rolled.roll((self.shift, self.shift), (1, 2)).flatten(1, 2)

    def attention(
        self, query: Float[Tensor, "heads all_tokens head_dim"], key: Float[Tensor, "heads all_tokens head_dim"]
    ) -> WindowedAttention:
        """Return softmax(q k^T * scale + bias) inside the windows of the padded grid."""
        shift = (self.shift, self.shift)
        return WindowedAttention(query, key, self.scale, *self.padded, self.window, shift, self.bias)

    @property
    def _numbered(self) -> Int[Tensor, "height width"]:
        height, width = self.padded
        return torch.arange(height * width).reshape(height, width)
