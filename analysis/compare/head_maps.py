"""What every head of every block makes of one place of the picture: small maps, one unit, one row of attention each."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, UInt8

from analysis.attention.kinds import ALL_PAIRS_TOKENS, KINDS, attention_rules
from analysis.compare.scale import DECADES, in_decades
from analysis.one_token.region import Region, SegmentLabels, mean_rows, region_tokens
from stvit import BlockId, TokenGrid
from stvit.capturing.attention_record import AttentionRecord

MIDDLE = 128
"""Of 255 levels of colour, that of uniform attention, as in the explorer."""


@dataclass(frozen=True, eq=False)
class HeadMaps:
    """The maps of all heads of one block.

    Attributes:
        block: Which block.
        row: Of the anchor's token on the block's grid.
        column: Of it.
        tokens: Numbers of the tokens of the anchor's region.
        weights: Mean row (or column) of these tokens, of each head, shape (heads, H, W).
    """

    block: BlockId
    row: int
    column: int
    tokens: Int[np.ndarray, " region"]
    weights: Float[np.ndarray, "heads height width"]

    @property
    def levels(self) -> UInt8[np.ndarray, "heads height width"]:
        """Levels of colour of the weights in multiples of uniform attention: 0 is 1/100 or less, 255 is 100 or more."""
        decades = in_decades(self.weights * self.weights[0].size)
        return np.rint(np.clip(MIDDLE + 255 * np.nan_to_num(decades, nan=-DECADES) / DECADES, 0, 255)).astype(np.uint8)


def head_maps(
    records: Collection[AttentionRecord],
    kind: str,
    place: tuple[float, float],
    region: Region,
    segments: SegmentLabels | None = None,
    *,
    incoming: bool = False,
) -> Iterator[HeadMaps]:
    """Yield the maps of each block for one place of the picture.

    Blocks with so many tokens that all pairs of them would take minutes are left out where columns need them.

    Args:
        records: Captured blocks, in order; the first image of their batch is used.
        kind: Of attention, a name of `analysis.attention.kinds.KINDS`.
        place: Of the anchor, as shares of what the model sees, down and across.
        region: What the anchor is on the grid of each block.
        segments: Of `analysis.one_token.region.segment_labels`, for a region that is a segment.
        incoming: Whether columns are meant: who attends to the anchor.
    """
    rule = attention_rules([kind])[kind]
    for record in records:
        grid = record.grid
        if incoming and not KINDS[kind].quick and grid.num_tokens > ALL_PAIRS_TOKENS:
            continue
        row, column = token_under(place, grid)
        tokens = region_tokens(region, record, row, column, segments)
        weights = mean_rows(rule(record), tokens, incoming=incoming).double().numpy(force=True)
        yield HeadMaps(record.id, row, column, tokens, weights.reshape(-1, grid.height, grid.width))


def token_under(place: tuple[float, float], grid: TokenGrid) -> tuple[int, int]:
    """Return row and column of the token at a place.

    Example:
        >>> token_under((0.5, 1.0), TokenGrid(4, 4))
        (2, 3)
    """
    row, column = (
        min(int(share * count), count - 1) for share, count in zip(place, (grid.height, grid.width), strict=True)
    )
    return row, column


def place_of(grid: TokenGrid, row: int, column: int) -> tuple[float, float]:
    """Return the place of the centre of a token, as shares of its grid.

    Example:
        >>> place_of(TokenGrid(4, 4), 2, 3)
        (0.625, 0.875)
    """
    return (row + 0.5) / grid.height, (column + 0.5) / grid.width
