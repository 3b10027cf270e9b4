"""The figures that go beside one attention row: spread, reach and mass."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from analysis.redundancy.row_metrics import LARGE_SHARE, LEVEL_TOLERANCE, NEIGHBOURHOOD
from stvit import TokenGrid


@dataclass(frozen=True)
class RowSummary:
    """What one row of attention is like; all but `mass` are conditional on the mass kept (row / row sum).

    Attributes:
        mass: Sum of the row, 1 - leakage.
        entropy: In nats.
        distance: Mean distance from the anchor in image pixels.
        local_mass: Share within the NEIGHBOURHOOD x NEIGHBOURHOOD tokens around the anchor.
        tokens_for_90: Fewest tokens that hold 90 % of the mass.
    """

    mass: float
    entropy: float
    distance: float
    local_mass: float
    tokens_for_90: int


def row_summary(row: Float[np.ndarray, " tokens"], grid: TokenGrid, anchor: int, token_pixels: float) -> RowSummary:
    """Summarise one row of attention, outgoing or incoming.

    Args:
        row: One weight per token, not negative.
        grid: Where the tokens lie.
        anchor: The token the row belongs to.
        token_pixels: Pixels of the image per token and axis.

    Raises:
        ValueError: If the row is not one weight per token of the grid.
    """
    if len(row) != grid.num_tokens:
        raise ValueError(
            f"The grid has {grid.num_tokens} tokens but the row {len(row)} weights; pass the block's own grid."
        )
    mass = float(row.sum(dtype=np.float64))
    share = row.astype(np.float64) / (mass or 1.0)
    down, across = _offsets(grid, anchor)
    near = (np.abs(down) <= NEIGHBOURHOOD // 2) & (np.abs(across) <= NEIGHBOURHOOD // 2)
    held = np.cumsum(np.sort(share)[::-1])
    positive = share[share > 0]
    return RowSummary(
        mass=mass,
        entropy=float(-(positive * np.log(positive)).sum()),
        distance=float((share * np.hypot(down, across)).sum() * token_pixels),
        local_mass=float(share[near].sum()),
        tokens_for_90=int(np.searchsorted(held, LARGE_SHARE - LEVEL_TOLERANCE) + 1) if mass else 0,
    )


def _offsets(grid: TokenGrid, anchor: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and columns from the anchor to each token."""
    row, column = grid.position(anchor)
    token_row, token_column = np.divmod(np.arange(grid.num_tokens), grid.width)
    return token_row - row, token_column - column
