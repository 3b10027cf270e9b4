"""Local attention: softmax inside non-overlapping windows of tokens, nothing outside."""

from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float, Int
from torch import Tensor

from stvit.softmax_attention import check_head, check_token


@dataclass(frozen=True, eq=False)
class LocalAttention:
    """softmax(q k^T * scale) inside windows of the token grid, zero elsewhere; rows are queries.

    Windows start at the top left and do not overlap, as in Swin (Liu et al., ICCV 2021) without shift; those at
    the right and bottom border simply end there. Rows sum to 1. Memory is O(N w^2), never N x N.

    Attributes:
        query: Shape (heads, N, head_dim).
        key: Shape (heads, N, head_dim).
        scale: Factor of the logits.
        height: Token rows H.
        width: Token columns W.
        window: Tokens per window and axis, one number or (height, width).
    """

    query: Float[Tensor, "heads tokens head_dim"]
    key: Float[Tensor, "heads tokens head_dim"]
    scale: float
    height: int
    width: int
    window: int | tuple[int, int]

    def __post_init__(self) -> None:
        """Check the sizes."""
        if min(self.window_size) < 1:
            raise ValueError(f"A window needs at least 1 x 1 tokens, got {self.window!r}.")
        if self.height * self.width != self.num_tokens:
            raise ValueError(
                f"Queries of {self.num_tokens} tokens do not fill a grid of {self.height} x {self.width}; "
                "give the height and width of the block's own grid."
            )

    @property
    def heads(self) -> int:
        """Number of heads."""
        return self.query.shape[0]

    @property
    def num_tokens(self) -> int:
        """Number of tokens N."""
        return self.query.shape[1]

    @property
    def window_size(self) -> tuple[int, int]:
        """Window height and width in tokens, at most those of the grid."""
        tall, wide = (self.window, self.window) if isinstance(self.window, int) else self.window
        return min(tall, self.height), min(wide, self.width)

    def rows(self, start: int, stop: int, head: int | None = None) -> Float[Tensor, "rows tokens"]:
        """Return rows start to stop (excluded), shape (stop - start, N)."""
        check_head(head, self.heads)
        weight, token = self.sparse_rows(start, stop)
        chosen = weight.mean(0) if head is None else weight[head]
        return chosen.new_zeros(len(chosen), self.num_tokens).scatter_add_(1, token, chosen)

    def row(self, token: int, head: int | None = None) -> Float[Tensor, " tokens"]:
        """Return what a token attends to, shape (N,), summing to 1."""
        check_token(token, self.num_tokens)
        return self.rows(token, token + 1, head)[0]

    def column(self, token: int, head: int | None = None) -> Float[Tensor, " tokens"]:
        """Return who attends to a token, shape (N,)."""
        check_token(token, self.num_tokens)
        check_head(head, self.heads)
        window, place = self._window_of[token], self._place_of[token]
        weight = self._weight[:, window, :, place]
        chosen = weight.mean(0) if head is None else weight[head]
        chosen = chosen * self._present[window]
        return chosen.new_zeros(self.num_tokens).scatter_add_(0, self._members[window], chosen)

    def sparse_rows(self, start: int, stop: int) -> tuple[Float[Tensor, "heads rows k"], Int[Tensor, "rows k"]]:
        """Return the entries inside each token's window, shape (heads, rows, w^2), and their tokens (rows, w^2).

        Places of a window that lie beyond the border hold weight 0 (and token 0).
        """
        window, place = self._window_of[start:stop], self._place_of[start:stop]
        return self._weight[:, window, place], self._members[window]

    def singular_values(self, head: int | None = None) -> Float[Tensor, " places"]:
        """Return the singular values in falling order: those of all windows together, zeros of short ones included.

        Windows share no token, so the attention is block diagonal up to the order of tokens.
        """
        check_head(head, self.heads)
        weight = self._weight.mean(0) if head is None else self._weight[head]
        rows_present = self._present[:, :, None]  # queries beyond the border are fillers
        return torch.linalg.svdvals((weight * rows_present).double()).flatten().sort(descending=True).values

    @cached_property
    def _numbered(self) -> Int[Tensor, "windows places"]:
        """Token in each place of each window, -1 beyond the border."""
        tall, wide = self.window_size
        bottom, right = -self.height % tall, -self.width % wide
        token = torch.arange(self.num_tokens, device=self.key.device).reshape(self.height, self.width)
        padded = torch.nn.functional.pad(token, (0, right, 0, bottom), value=-1)
        windows = padded.unfold(0, tall, tall).unfold(1, wide, wide)
        return windows.reshape(-1, tall * wide)

    @cached_property
    def _present(self) -> Tensor:
        return self._numbered >= 0

    @cached_property
    def _members(self) -> Tensor:
        return self._numbered.clamp(min=0)

    @cached_property
    def _weight(self) -> Float[Tensor, "heads windows places places"]:
        """Attention inside every window; keys beyond the border take no mass."""
        query, key = self.query[:, self._members], self.key[:, self._members]
        logits = query @ key.transpose(-1, -2) * self.scale
        return logits.masked_fill(~self._present[:, None], -torch.inf).softmax(-1)

    @cached_property
    def _window_of(self) -> Tensor:
        return self._inverse // self._members.shape[1]

    @cached_property
    def _place_of(self) -> Tensor:
        return self._inverse % self._members.shape[1]

    @cached_property
    def _inverse(self) -> Int[Tensor, " tokens"]:
        """Position of each token in the flattened windows."""
        flat = self._numbered.flatten()
        inverse = flat.new_empty(self.num_tokens)
        place = torch.arange(len(flat), device=flat.device)
        inverse[flat[flat >= 0]] = place[flat >= 0]
        return inverse
