"""Where tokens are: distances and windows around the anchors of a block of rows."""

from dataclasses import dataclass
from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor

from stvit import RowBlock, TokenGrid


@dataclass(frozen=True)
class TokenLayout:
    """Positions of tokens on the image.

    Attributes:
        grid: Where the tokens lie.
        token_height: Pixels of the image per token row.
        token_width: Pixels of the image per token column.
    """

    grid: TokenGrid
    token_height: float
    token_width: float

    @classmethod
    def of(cls, grid: TokenGrid, token_pixels: float | tuple[float, float]) -> "TokenLayout":
        """Return the layout of a grid with tokens of one size, or (height, width), in pixels."""
        tall, wide = (token_pixels, token_pixels) if isinstance(token_pixels, int | float) else token_pixels
        return cls(grid, float(tall), float(wide))

    def distances(self, block: RowBlock) -> Float[Tensor, "rows k"]:
        """Return how far each weight's token lies from its row's token, in pixels."""
        dtype = torch.promote_types(block.weight.dtype, torch.float32)
        if block.token is not None:
            down, across = self._offsets(block)
            scaled_down, scaled_across = (down * self.token_height).to(dtype), (across * self.token_width).to(dtype)
            return (scaled_down.square() + scaled_across.square()).sqrt()
        grid, windows = self.grid, _windows(self, dtype, block.weight.device)
        row, column = block.anchors // grid.width, block.anchors % grid.width
        first_row, first_column = grid.height - 1 - row, grid.width - 1 - column
        if windows.device.type != "cpu":
            return windows[first_row, first_column].flatten(1)
        return torch.from_numpy(windows.numpy()[first_row.numpy(), first_column.numpy()]).flatten(
            1
        )  # four times as fast

    def mass_nearby(self, block: RowBlock, share: Float[Tensor, "heads rows k"], window: int) -> Tensor:
        """Return the share within window x window tokens around each row's token, shape (heads, rows)."""
        reach = window // 2
        if block.token is not None:
            down, across = self._offsets(block)
            return (share * ((down.abs() <= reach) & (across.abs() <= reach))).sum(-1)
        near, inside = self._window(block, reach)
        return (share.gather(-1, near.expand(len(share), -1, -1)) * inside).sum(-1)

    def _offsets(self, block: RowBlock) -> tuple[Tensor, Tensor]:
        """Return rows and columns from each anchor to the tokens of its weights, (rows, k)."""
        assert block.token is not None
        grid, anchor = self.grid, block.anchors[:, None]
        return block.token // grid.width - anchor // grid.width, block.token % grid.width - anchor % grid.width

    def _window(self, block: RowBlock, reach: int) -> tuple[Tensor, Tensor]:
        """Return the tokens of the window around each anchor, and which of them lie on the grid, (rows, w^2)."""
        device, grid = block.weight.device, self.grid
        anchor = block.anchors[:, None]
        step = torch.arange(-reach, reach + 1, device=device)
        row, column = anchor // grid.width + step, anchor % grid.width + step  # (rows, w)
        row_inside, column_inside = (row >= 0) & (row < grid.height), (column >= 0) & (column < grid.width)
        token = row.clamp(0, grid.height - 1)[:, :, None] * grid.width + column.clamp(0, grid.width - 1)[:, None]
        return token.flatten(1), (row_inside[:, :, None] & column_inside[:, None]).flatten(1)


@lru_cache(maxsize=8)
def _windows(
    layout: TokenLayout, dtype: torch.dtype, device: torch.device
) -> Float[Tensor, "first_rows first_columns height width"]:
    """Return all distances by offset, (2 H - 1, 2 W - 1), seen through a window for each anchor: a view."""
    grid = layout.grid
    down = torch.arange(1 - grid.height, grid.height, device=device, dtype=torch.float64) * layout.token_height
    across = torch.arange(1 - grid.width, grid.width, device=device, dtype=torch.float64) * layout.token_width
    table = torch.hypot(down[:, None], across[None]).to(dtype)
    return table.unfold(0, grid.height, 1).unfold(1, grid.width, 1)
