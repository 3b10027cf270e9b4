"""How large the explorer's messages would be, computed from grids before anything is built, and what would fit."""

from collections.abc import Iterable
from dataclasses import dataclass

from stvit import BlockRecord, Capture, TokenGrid
from stvit.capturing.window_record import WindowRecord
from stvit.grid import NEIGHBOURS
from ui.explorer.block_payload import MAX_INCOMING
from ui.explorer.scene_payload import preview_grid

BUDGET = 64_000_000
"""Bytes of one message: all models fit with square pictures of 1,024 px. The browser keeps twice that, and Streamlit
refuses messages of more than 200 MB."""

FLOAT, BYTE = 4, 1
"""Bytes of a number that may be sent in float32, and of one in a preview."""


@dataclass(frozen=True)
class BlockShape:
    """What the size of a block's payload depends on.

    Attributes:
        grid: Layout of tokens and super tokens.
        stride: Pixels per token and axis.
        heads: Number of heads.
        head_dim: Channels of each head.
        bias: Numbers of a relative position bias.
    """

    grid: TokenGrid
    stride: int
    heads: int
    head_dim: int
    bias: int = 0

    @classmethod
    def of(cls, record: BlockRecord) -> "BlockShape":
        """Return the shape of a captured block."""
        learned = record.relative_bias if isinstance(record, WindowRecord) else None
        bias = 0 if learned is None else learned.numel()
        return cls(record.grid, record.id.stride, record.heads, record.super_query.shape[-1], bias)

    def at(self, height: int, width: int) -> "BlockShape":
        """Return the shape that the block has on a picture of another size, in px."""
        grid = TokenGrid(-(-height // self.stride), -(-width // self.stride), self.grid.cell)
        return BlockShape(grid, self.stride, self.heads, self.head_dim, self.bias)

    @property
    def payload_bytes(self) -> int:
        """Upper bound on the bytes of the block's arrays: queries and keys may need float32."""
        grid, tokens = self.grid, self.grid.num_tokens
        numbers = 2 * self.heads * tokens * self.head_dim + self.bias
        if tokens <= MAX_INCOMING:
            numbers += self.heads * tokens
        if not grid.is_identity:
            cells = grid.num_super_tokens
            numbers += tokens * (NEIGHBOURS + 1) + cells + self.heads * cells**2
        return FLOAT * numbers

    @property
    def preview_bytes(self) -> int:
        """Upper bound on the bytes of the block's preview in the scene."""
        rows, columns, _ = preview_grid(self.grid)
        tokens = rows * columns
        if self.grid.is_identity:
            return tokens * (tokens * BYTE + FLOAT)
        cells = self.grid.num_super_tokens
        return tokens * NEIGHBOURS * BYTE + cells * (2 * FLOAT + cells * BYTE)


def shapes(capture: Capture) -> list[BlockShape]:
    """Return the shapes of all captured blocks."""
    return [BlockShape.of(record) for record in capture.values()]


def largest_message(blocks: Iterable[BlockShape]) -> int:
    """Return the bytes of the largest message that showing these blocks takes: the scene or one of the blocks."""
    known = list(blocks)
    return max(sum(block.preview_bytes for block in known), *(block.payload_bytes for block in known))


def at_size(blocks: Iterable[BlockShape], height: int, width: int) -> int:
    """Return `largest_message` for a picture of another size, in px."""
    return largest_message(block.at(height, width) for block in blocks)
