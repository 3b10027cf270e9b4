"""Attention inside windows of tokens: softmax there, nothing outside."""

from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from stvit.attentions.query_key import QueryKeyAttention
from stvit.attentions.rows import RowBlock, check_head, check_token, one_head
from stvit.precision import at_least_single


@dataclass(frozen=True, eq=False)
class WindowedAttention(QueryKeyAttention):
    """softmax(q k^T * scale + bias) inside windows of the token grid, zero elsewhere; rows are queries.

    Windows do not overlap (Swin, Liu et al., ICCV 2021, section 3.2). They begin at `shift` and extend in both
    directions, so those at the borders may be cut off; tokens that meet only because an implementation rolls the
    grid do not see each other. Rows sum to 1. Memory is O(N w^2), never N x N.

    Attributes:
        query: Shape (heads, N, head_dim).
        key: Shape (heads, N, head_dim).
        scale: Factor of the logits.
        height: Token rows H.
        width: Token columns W.
        window: Tokens per window and axis, one number or (height, width); windows larger than the grid are cut.
        shift: How far the windows are moved down and right, in tokens.
        bias: What each head adds to a logit by the offset of query and key (query minus key), shape
            (heads, 2 reach + 1, 2 reach + 1) with offset 0 in the middle; None for nothing.

    Example:
        >>> same = torch.zeros(1, 4, 8)
        >>> WindowedAttention(same, same, 1.0, height=1, width=4, window=(1, 2)).row(0)
        tensor([0.5000, 0.5000, 0.0000, 0.0000])
    """

    height: int
    width: int
    window: int | tuple[int, int]
    shift: tuple[int, int] = (0, 0)
    bias: Float[Tensor, "heads row_offsets column_offsets"] | None = None

    def __post_init__(self) -> None:
        """Check the sizes."""
        if min(self.window_size) < 1:
            raise ValueError(f"A window needs at least 1 x 1 tokens, got {self.window!r}.")
        if self.height * self.width != self.num_tokens:
            raise ValueError(
                f"Queries of {self.num_tokens} tokens do not fill a grid of {self.height} x {self.width}; "
                "give the height and width of the block's own grid."
            )
        reach = None if self.bias is None else tuple(size // 2 + 1 for size in self.bias.shape[1:])
        if reach is not None and (reach[0] < self.window_size[0] or reach[1] < self.window_size[1]):
            raise ValueError(
                f"A bias for offsets below {reach[0]} x {reach[1]} does not reach across windows of "
                f"{self.window_size[0]} x {self.window_size[1]} tokens."
            )

    knows_singular_values = True

    @property
    def window_size(self) -> tuple[int, int]:
        """Window height and width in tokens, at most those of the grid along an axis that is not shifted."""
        tall, wide = (self.window, self.window) if isinstance(self.window, int) else self.window
        down, across = self.shift
        return tall if down else min(tall, self.height), wide if across else min(wide, self.width)

    def head_rows(self, start: int, stop: int) -> RowBlock:
        """Return what tokens start to stop (excluded) give to their windows, k = w^2.

        Slots of a window that lie beyond the border hold weight 0 (and token 0).
        """
        window, slot = self._window_of[start:stop], self._slot_of[start:stop]
        return RowBlock(start, self._weight[:, window, slot], self._members[window], self.num_tokens)

    def chosen_rows(self, index: Int[Tensor, " rows"]) -> RowBlock:
        """Return what chosen tokens give to their windows, k = w^2."""
        window, slot = self._window_of[index], self._slot_of[index]
        return RowBlock(0, self._weight[:, window, slot], self._members[window], self.num_tokens, index)

    def apply(self, values: Float[Tensor, "tokens channels"], head: int | None = None) -> Tensor:
        """Return the attention times values (N, C), shape (N, C), window by window."""
        check_head(head, self.heads)
        return one_head(self.apply_heads(values.expand(self.heads, -1, -1)), head)

    def apply_heads(self, values: Float[Tensor, "heads tokens channels"]) -> Float[Tensor, "heads tokens channels"]:
        """Return each head's attention times its own values, shape (heads, N, C)."""
        mixed = self._weight @ values[:, self._members].to(self._weight.dtype)  # (heads, windows, slots, C)
        return mixed.flatten(1, 2)[:, self._position].to(values.dtype)

    def column(self, token: int, head: int | None = None) -> Float[Tensor, " tokens"]:
        """Return who attends to a token, shape (N,)."""
        check_token(token, self.num_tokens)
        check_head(head, self.heads)
        window, slot = self._window_of[token], self._slot_of[token]
        weight = one_head(self._weight[:, window, :, slot], head) * self._present[window]
        return weight.new_zeros(self.num_tokens).scatter_add_(0, self._members[window], weight)

    def singular_values(self, head: int | None = None) -> Float[Tensor, " slots"]:
        """Return the singular values in falling order: those of all windows together, zeros of short ones included.

        Windows share no token, so the attention is block diagonal up to the order of tokens.
        """
        check_head(head, self.heads)
        rows_present = self._present[:, :, None]  # queries beyond the border are fillers
        weight = one_head(self._weight, head) * rows_present
        return torch.linalg.svdvals(weight.double()).flatten().sort(descending=True).values

    @cached_property
    def _numbered(self) -> Int[Tensor, "windows slots"]:
        """Token in each slot of each window, -1 beyond the border."""
        tall, wide = self.window_size
        above, left = -self.shift[0] % tall, -self.shift[1] % wide  # a window that begins before the border is cut off
        below, right = -(self.height + above) % tall, -(self.width + left) % wide
        token = torch.arange(self.num_tokens, device=self.key.device).reshape(self.height, self.width)
        padded = torch.nn.functional.pad(token, (left, right, above, below), value=-1)
        windows = padded.unfold(0, tall, tall).unfold(1, wide, wide)
        return windows.reshape(-1, tall * wide)

    @cached_property
    def _present(self) -> Bool[Tensor, "windows slots"]:
        return self._numbered >= 0

    @cached_property
    def _members(self) -> Int[Tensor, "windows slots"]:
        return self._numbered.clamp(min=0)

    @cached_property
    def _weight(self) -> Float[Tensor, "heads windows slots slots"]:
        """Attention inside every window; keys beyond the border take no mass."""
        query, key = (at_least_single(part)[:, self._members] for part in (self.query, self.key))
        logits = query @ key.transpose(-1, -2) * self.scale
        if self.bias is not None:
            logits = logits + self._bias_of_slots[:, None]
        return logits.masked_fill(~self._present[:, None], -torch.inf).softmax(-1)

    @property
    def _bias_of_slots(self) -> Float[Tensor, "heads slots slots"]:
        assert self.bias is not None
        tall, wide = self.window_size
        slot = torch.arange(tall * wide, device=self.bias.device)
        row, column = slot // wide, slot % wide
        down, across = row[:, None] - row, column[:, None] - column
        middle_row, middle_column = (size // 2 for size in self.bias.shape[1:])
        return self.bias[:, down + middle_row, across + middle_column]

    @cached_property
    def _window_of(self) -> Int[Tensor, " tokens"]:
        return self._position // self._members.shape[1]

    @cached_property
    def _slot_of(self) -> Int[Tensor, " tokens"]:
        return self._position % self._members.shape[1]

    @cached_property
    def _position(self) -> Int[Tensor, " tokens"]:
        """Position of each token in the flattened windows."""
        flat = self._numbered.flatten()
        position = flat.new_empty(self.num_tokens)
        everywhere = torch.arange(len(flat), device=flat.device)
        position[flat[flat >= 0]] = everywhere[flat >= 0]
        return position
