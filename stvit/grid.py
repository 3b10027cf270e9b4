"""The layout of tokens and super tokens: sizes, padding, cells, neighbours and image boxes."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import torch
from jaxtyping import Int
from torch import Tensor

from stvit.foreign_text import plain

NEIGHBOURS = 9
"""Candidates of one token: its own super token and the eight around it, row-major."""

PHANTOM = -1
"""Index of a neighbour that lies outside the grid of super tokens."""

STRIDES = (4, 8, 16, 32)
"""Pixels of the picture per token and axis in each stage: the stem halves it twice, each further stage once."""


def as_cell(cell: int | tuple[int, int]) -> tuple[int, int]:
    """Return a cell as (height, width) in tokens.

    Args:
        cell: One side for a square cell, or (height, width).

    Raises:
        ValueError: If a side is not a positive whole number.

    Example:
        >>> as_cell(8), as_cell((4, 8))
        ((8, 8), (4, 8))
    """
    sides = cell if isinstance(cell, tuple | list) else (cell, cell)
    if len(sides) != 2 or not all(type(side) is int and side >= 1 for side in sides):
        raise ValueError(f"A cell needs one or two whole numbers of at least 1, got {plain(repr(cell))}.")
    return sides[0], sides[1]


@dataclass(frozen=True)
class TokenGrid:
    """The token grid of one block and the coarser grid of super tokens laid over it.

    Tokens are numbered row by row, coordinates are (row, column), both from 0. Sizes that the cell does not
    divide are padded at the bottom and right, as the released model does.

    Attributes:
        height: Token rows H.
        width: Token columns W.
        cell: Tokens per super token and axis, one number or (height, width). 1 means no super tokens.

    Example:
        >>> grid = TokenGrid(14, 14, 4)
        >>> grid.num_tokens, grid.num_super_tokens, grid.padding
        (196, 16, (2, 2))
    """

    height: int
    width: int
    cell: int | tuple[int, int] = 1

    def __post_init__(self) -> None:
        """Check the sizes, and write a square cell as one number so that equal layouts compare equal."""
        if self.height < 1 or self.width < 1:
            raise ValueError(f"A token grid needs at least 1 x 1 tokens, got {self.height} x {self.width}.")
        tall, wide = as_cell(self.cell)
        object.__setattr__(self, "cell", tall if tall == wide else (tall, wide))

    @property
    def cell_size(self) -> tuple[int, int]:
        """Cell height and width in tokens."""
        return as_cell(self.cell)

    @property
    def is_identity(self) -> bool:
        """Whether every token is its own super token (cell 1)."""
        return self.cell_size == (1, 1)

    @property
    def rows(self) -> int:
        """Rows of super tokens."""
        return -(-self.height // self.cell_size[0])

    @property
    def columns(self) -> int:
        """Columns of super tokens."""
        return -(-self.width // self.cell_size[1])

    @property
    def num_tokens(self) -> int:
        """Number of tokens N, without padding."""
        return self.height * self.width

    @property
    def num_super_tokens(self) -> int:
        """Number of super tokens M."""
        return self.rows * self.columns

    @property
    def tokens_per_cell(self) -> int:
        """Tokens in one cell P, padding included."""
        return self.cell_size[0] * self.cell_size[1]

    @property
    def padding(self) -> tuple[int, int]:
        """Rows of padding at the bottom and columns of padding at the right, in tokens."""
        return self.rows * self.cell_size[0] - self.height, self.columns * self.cell_size[1] - self.width

    @property
    def has_padding(self) -> bool:
        """Whether the cell does not divide the grid."""
        return self.padding != (0, 0)

    @cached_property
    def cell_index(self) -> Int[Tensor, " tokens"]:
        """Super token whose cell holds each token, shape (N,): the regular grid."""
        row = torch.arange(self.height, device="cpu") // self.cell_size[0]
        column = torch.arange(self.width, device="cpu") // self.cell_size[1]
        return (row[:, None] * self.columns + column).flatten()

    @cached_property
    def neighbour_index(self) -> Int[Tensor, "tokens 9"]:
        """The nine candidate super tokens of each token, shape (N, 9), row-major; -1 is a phantom."""
        return cell_neighbours(self.rows, self.columns)[self.cell_index]

    def token(self, row: int, column: int) -> int:
        """Return the number of the token at (row, column).

        Raises:
            IndexError: If the position lies outside the grid.
        """
        if not (0 <= row < self.height and 0 <= column < self.width):
            raise IndexError(
                f"Token ({row}, {column}) lies outside the grid of {self.height} x {self.width} tokens; "
                f"rows go from 0 to {self.height - 1}, columns from 0 to {self.width - 1}."
            )
        return row * self.width + column

    def position(self, token: int) -> tuple[int, int]:
        """Return (row, column) of a token number.

        Raises:
            IndexError: If there is no such token.
        """
        if not 0 <= token < self.num_tokens:
            raise IndexError(f"Token {token} does not exist; this grid has tokens 0 to {self.num_tokens - 1}.")
        return divmod(token, self.width)

    def box(self, token: int, image_height: float, image_width: float) -> tuple[float, float, float, float]:
        """Return (top, left, bottom, right) of a token on an image of the given size in pixels."""
        row, column = self.position(token)
        tall, wide = image_height / self.height, image_width / self.width
        return row * tall, column * wide, (row + 1) * tall, (column + 1) * wide


def stage_grid(height: int, width: int, stage: int, cell: int | tuple[int, int] = 1) -> TokenGrid:
    """Return the grid that a stage lays over a picture.

    Args:
        height: Of the picture in pixels.
        width: Of the picture in pixels.
        stage: Counted from 0.
        cell: Tokens per super token and axis.

    Example:
        >>> stage_grid(224, 230, stage=0, cell=8)
        TokenGrid(height=56, width=58, cell=8)
    """
    stride = STRIDES[stage]
    return TokenGrid(-(-height // stride), -(-width // stride), cell)


@lru_cache(maxsize=64)
def cell_neighbours(rows: int, columns: int) -> Int[Tensor, "cells 9"]:
    """Return the 3 x 3 neighbourhood of each super token, shape (M, 9), row-major; -1 is a phantom.

    Made on the CPU whatever the default device, because the result is kept for later calls.

    Example:
        >>> cell_neighbours(1, 2)
        tensor([[-1, -1, -1, -1,  0,  1, -1, -1, -1],
                [-1, -1, -1,  0,  1, -1, -1, -1, -1]])
    """
    offset = torch.tensor([-1, 0, 1], device="cpu")
    row = torch.arange(rows, device="cpu")[:, None, None, None] + offset[:, None]
    column = torch.arange(columns, device="cpu")[None, :, None, None] + offset
    inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
    return torch.where(inside, row * columns + column, PHANTOM).reshape(rows * columns, NEIGHBOURS)
