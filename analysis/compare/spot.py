"""A spot on the original picture, which every model finds on its own grid, however it resizes and crops."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from stvit import TokenGrid
from stvit.images import PreparedImage

Coordinates = Float[np.ndarray, "rows columns"]


@dataclass(frozen=True)
class Spot:
    """A place on the original picture.

    Attributes:
        down: Share of its height above the spot, 0 to 1.
        across: Share of its width to the left of the spot.
    """

    down: float
    across: float


def token_at(picture: PreparedImage, grid: TokenGrid, token_pixels: int, spot: Spot) -> tuple[int, int]:
    """Return row and column of the token at a spot; outside of what the model sees, those of the nearest token.

    Args:
        picture: The picture as the model sees it.
        grid: Tokens over it.
        token_pixels: Pixels of what the model sees per token and axis.
        spot: Where.
    """
    framing = picture.framing
    down = spot.down * framing.resized[0] - framing.corner[0]
    across = spot.across * framing.resized[1] - framing.corner[1]
    sides = ((down, grid.height), (across, grid.width))
    row, column = (min(max(int(pixels // token_pixels), 0), count - 1) for pixels, count in sides)
    return row, column


def spot_of(picture: PreparedImage, grid: TokenGrid, token_pixels: int, row: int, column: int) -> Spot:
    """Return the spot at the centre of a token."""
    down, across = centres(picture, grid, token_pixels)
    return Spot(float(down[row, column]), float(across[row, column]))


def centres(picture: PreparedImage, grid: TokenGrid, token_pixels: int) -> tuple[Coordinates, Coordinates]:
    """Return how far down and across on the original picture the centre of each token lies, as shares of its sides.

    Tokens at the lower and right edge reach over it where their side does not divide that of the picture; the part
    inside counts.
    """
    framing = picture.framing
    axes = []
    for count, side, corner, size in zip(
        (grid.height, grid.width), framing.size, framing.corner, framing.resized, strict=True
    ):
        start = np.arange(count) * token_pixels
        middle = (start + np.minimum(start + token_pixels, side)) / 2
        axes.append((middle + corner) / size)
    down, across = np.meshgrid(*axes, indexing="ij")
    return down, across


def tokens_under(
    picture: PreparedImage, grid: TokenGrid, token_pixels: int, down: Coordinates, across: Coordinates
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return rows and columns of the tokens under spots, and which of the spots the model sees at all."""
    framing = picture.framing
    y, x = down * framing.resized[0] - framing.corner[0], across * framing.resized[1] - framing.corner[1]
    seen = (y >= 0) & (y < framing.size[0]) & (x >= 0) & (x < framing.size[1])
    row = np.clip(y // token_pixels, 0, grid.height - 1).astype(int)
    column = np.clip(x // token_pixels, 0, grid.width - 1).astype(int)
    return row, column, seen
