"""What every figure over a picture is given: the picture with the token that is framed, and the values drawn on it."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Real, UInt8


@dataclass(frozen=True)
class Anchor:
    """The token that a person points at.

    Attributes:
        row: Its row on the token grid.
        column: Its column.
    """

    row: int
    column: int


@dataclass(frozen=True, eq=False)
class Canvas:
    """A picture to draw on.

    Attributes:
        shown: The picture as the model saw it, RGB bytes.
        token_pixels: Side of a token in pixels of the picture.
        anchor: The token to frame, if any.
        caption: Below the figure; only figures for papers have one.
        region: Tokens to outline in place of the one to frame.

    Example:
        >>> Canvas(np.zeros((32, 48, 3), np.uint8)).size
        (32, 48)
    """

    shown: UInt8[np.ndarray, "height width 3"]
    token_pixels: int = 1
    anchor: Anchor | None = None
    caption: str = ""
    region: Bool[np.ndarray, "rows columns"] | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the picture in pixels."""
        height, width = self.shown.shape[:2]
        return height, width


@dataclass(frozen=True, eq=False)
class Panel:
    """Values to draw over the picture.

    Attributes:
        title: Heading.
        values: One for each square of the picture; those that are not finite are left clear.
        quantity: What the values are, with their unit, for the colour bar.
        pixels: Side of a square in pixels of the picture; None takes that of the canvas's tokens.
        minimum: Lower end of the colour bar.
        maximum: Upper end; the largest value if None.
        signed: Whether the colours run from -max over 0 to max.
    """

    title: str
    values: Real[np.ndarray, "rows columns"]
    quantity: str
    pixels: int | None = None
    minimum: float = 0.0
    maximum: float | None = None
    signed: bool = False


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """Where the nine super tokens around a token lie.

    Attributes:
        centre: Row and column of the token's own cell on the grid of super tokens.
        cell_pixels: Height and width of a cell in pixels of the picture.
        phantoms: Which of the nine, row by row, lie outside the grid.
    """

    centre: tuple[int, int]
    cell_pixels: tuple[int, int]
    phantoms: Bool[np.ndarray, " 9"]
