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

    @property
    def distances_by_offset(self) -> Float[Tensor, "offsets_down offsets_across"]:
        """How far tokens are apart by their offset in rows and columns, from 1 - side to side - 1, in pixels."""
        return _distances_by_offset(self, torch.float32, torch.device("cpu"))

    def distances(self, block: RowBlock) -> Float[Tensor, "rows k"]:
        """Return how far each weight's token lies from its row's token, in pixels."""
        dtype = _at_least_single(block)
        if block.token is None:
            return _seen(_distances(self, dtype, block.weight.device), block)
        down, across = self._offsets(block)
        scaled_down, scaled_across = (down * self.token_height).to(dtype), (across * self.token_width).to(dtype)
        return (scaled_down.square() + scaled_across.square()).sqrt()

    def nearby(self, block: RowBlock, window: int) -> Float[Tensor, "rows k"]:
        """Return 1 for weights of tokens within window x window tokens around their row's token, 0 for others."""
        dtype = _at_least_single(block)
        if block.token is None:
            return _seen(_nearby(self.grid, window, dtype, block.weight.device), block)
        down, across = self._offsets(block)
        return torch.maximum(down.abs(), across.abs()).le(window // 2).to(dtype)

    def _offsets(self, block: RowBlock) -> tuple[Tensor, Tensor]:
        """Return rows and columns from each anchor to the tokens of its weights, (rows, k)."""
        assert block.token is not None
        grid, anchor = self.grid, block.anchors[:, None]
        return block.token // grid.width - anchor // grid.width, block.token % grid.width - anchor % grid.width


def _at_least_single(block: RowBlock) -> torch.dtype:
    return torch.promote_types(block.weight.dtype, torch.float32)


def _seen(windows: Float[Tensor, "first_rows first_columns height width"], block: RowBlock) -> Tensor:
    """Return what the row's tokens see of a table by offset, (rows, N); by NumPy, which takes a quarter of the time."""
    rows, columns, _, width = windows.shape
    first_row, first_column = rows - 1 - block.anchors // width, columns - 1 - block.anchors % width
    if windows.device.type != "cpu":
        return windows[first_row, first_column].flatten(1)
    return torch.from_numpy(windows.numpy()[first_row.numpy(), first_column.numpy()]).flatten(1)


@lru_cache(maxsize=8)
def _distances(layout: TokenLayout, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Return the distances by offset as seen from every token."""
    return _windows(_distances_by_offset(layout, dtype, device), layout.grid)


@lru_cache(maxsize=8)
def _distances_by_offset(layout: TokenLayout, dtype: torch.dtype, device: torch.device) -> Tensor:
    down, across = _by_offset(layout.grid, device)
    return (down * layout.token_height).hypot(across * layout.token_width).to(dtype)


@lru_cache(maxsize=8)
def _nearby(grid: TokenGrid, window: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Return which offsets lie in the window, as seen from every token."""
    down, across = _by_offset(grid, device)
    return _windows(torch.maximum(down.abs(), across.abs()).le(window // 2).to(dtype), grid)


def _by_offset(grid: TokenGrid, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return all offsets of two tokens along both axes, shapes (2 H - 1, 1) and (1, 2 W - 1)."""
    down, across = (
        torch.arange(1 - side, side, device=device, dtype=torch.float64) for side in (grid.height, grid.width)
    )
    return down[:, None], across[None]


def _windows(table: Tensor, grid: TokenGrid) -> Float[Tensor, "first_rows first_columns height width"]:
    """Return a table by offset, (2 H - 1, 2 W - 1), through a window for each token: a view."""
    return table.unfold(0, grid.height, 1).unfold(1, grid.width, 1)
