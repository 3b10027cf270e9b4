"""What the token at a spot attends to on each side, as multiples of uniform attention, and how two sides differ."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from torch import Tensor

from analysis.compare.scale import in_decades
from analysis.compare.side import AnyRecord, Side
from analysis.compare.spot import Spot, centres, token_at, tokens_under
from analysis.redundancy.measure import measure_row
from stvit import TokenGrid
from stvit.capturing.conv_record import ConvRecord
from stvit.precision import at_least_single

CONVOLUTION = "no attention: mean size of the convolution's weights"


@dataclass(frozen=True, eq=False)
class SpotMap:
    """What one token receives from where, on one side.

    Attributes:
        side: Where.
        record: The block.
        row: Of the token.
        column: Of the token.
        times: Weight on each token over 1 / N, the mean over heads; of a convolution, see `kernel_row`.
        kept: What the weights sum to; the rest went to phantoms, to padding or to tokens without a position.
        entropy: Of the row in nats, conditional on what was kept.
        distance: Mean distance to what is attended to, in pixels of what the model sees.
    """

    side: Side
    record: AnyRecord
    row: int
    column: int
    times: Float[np.ndarray, "rows columns"]
    kept: float
    entropy: float
    distance: float

    @property
    def is_attention(self) -> bool:
        """Whether the block attends; a convolution weighs by offset alone."""
        return not isinstance(self.record, ConvRecord)


def spot_map(side: Side, depth: float, spot: Spot) -> SpotMap:
    """Return what the token at a spot attends to in the block at a relative depth, the mean over heads.

    Args:
        side: Model and picture.
        depth: Relative depth, 0 to 1.
        spot: Where on the original picture.
    """
    record = side.record_at(depth)
    row, column = token_at(side.picture, record.grid, record.token_pixels, spot)
    token = record.grid.token(row, column)
    if isinstance(record, ConvRecord):
        weights = kernel_row(record.kernel, record.grid, token)
    else:
        weights = record.token_attention().row(token)
    values = weights.double().numpy(force=True)
    found = measure_row(values, record.grid, token, record.token_pixels)
    times = values.reshape(record.grid.height, record.grid.width) * record.grid.num_tokens
    return SpotMap(side, record, row, column, times, found["mass"], found["entropy"], found["distance"])


def kernel_row(kernel: Float[Tensor, "channels side side"], grid: TokenGrid, token: int) -> Float[Tensor, " tokens"]:
    """Return how much a depthwise convolution weighs each token around one: |w|, mean over channels, as a share.

    The whole kernel sums to 1; what lies outside the grid is missing from the row.

    Args:
        kernel: Weights by channel and offset.
        grid: Where the tokens lie.
        token: The one in the middle.

    Example:
        >>> import torch
        >>> kernel_row(torch.ones(1, 3, 3), TokenGrid(2, 2), 0)  # four of nine weights lie inside
        tensor([0.1111, 0.1111, 0.1111, 0.1111])
    """
    size = at_least_single(kernel).abs().mean(0)
    size, reach = size / size.sum(), kernel.shape[-1] // 2
    row, column = grid.position(token)
    padded = size.new_zeros(grid.height + 2 * reach, grid.width + 2 * reach)
    padded[row : row + 2 * reach + 1, column : column + 2 * reach + 1] = size
    return padded[reach : reach + grid.height, reach : reach + grid.width].flatten()


@dataclass(frozen=True, eq=False)
class Difference:
    """How a map differs from a first one.

    Attributes:
        on: The side on whose tokens it is given: the one with more of them.
        token_pixels: Pixels of what that side's model sees, per token and axis.
        row: Of that side's token at the spot.
        column: Of that side's token at the spot.
        decades: log10 of second over first, both cut off at the ends of the bar; nan where the other side sees nothing.
    """

    on: Side
    token_pixels: int
    row: int
    column: int
    decades: Float[np.ndarray, "rows columns"]


def difference(first: SpotMap, second: SpotMap) -> Difference:
    """Return how many times more, in decades, the second side gives to each spot than the first.

    Spots are the tokens of the finer grid; the other map has the value of the token there.
    """
    fine = first if first.record.grid.num_tokens >= second.record.grid.num_tokens else second
    spots = centres(fine.side.picture, fine.record.grid, fine.record.token_pixels)
    one, other = (_values_at(found, *spots) for found in (first, second))
    return Difference(fine.side, fine.record.token_pixels, fine.row, fine.column, other - one)


def _values_at(
    found: SpotMap, down: Float[np.ndarray, "rows columns"], across: Float[np.ndarray, "rows columns"]
) -> Float[np.ndarray, "rows columns"]:
    """Return a map in decades at spots; nan where the model sees nothing."""
    record = found.record
    row, column, seen = tokens_under(found.side.picture, record.grid, record.token_pixels, down, across)
    return np.where(seen, in_decades(found.times)[row, column], np.nan)
