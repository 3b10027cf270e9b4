"""A stratified sample of the rows of an attention: one from every region of the grid, with the error of each mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from stvit import TokenGrid

LEAST_ANCHORS = 2
"""A single row says nothing about its error."""


@dataclass(frozen=True, eq=False)
class RowSample:
    """One token drawn from each stratum of a grid.

    Attributes:
        tokens: The tokens drawn, one for each stratum, in the order of the strata.
        sizes: Number of tokens of each stratum.
    """

    tokens: Int[Tensor, " anchors"]
    sizes: Int[np.ndarray, " anchors"]

    def mean(self, values: Float[np.ndarray, "*metrics heads anchors"]) -> Float[np.ndarray, "*metrics heads"]:
        """Return the unbiased estimate of the mean over all tokens: each value stands for its stratum."""
        return values @ (self.sizes / self.sizes.sum())

    def standard_error(
        self, values: Float[np.ndarray, "*metrics heads anchors"]
    ) -> Float[np.ndarray, "*metrics heads"]:
        """Return the standard error of `mean`, from differences between neighbouring strata.

        A single draw shows nothing of the spread in its stratum, so strata are collapsed in pairs (Cochran, Sampling
        Techniques, 1977, section 5A.12): the squared error is the sum over pairs of the squared difference times the
        squared share of the larger stratum. Its expectation is never below the true one; it exceeds it by what the
        means of neighbouring strata differ. A stratum of one token has no error and counts for nothing in a pair.
        """
        share = np.where(self.sizes > 1, self.sizes, 0) / self.sizes.sum()
        first = np.arange(0, len(share) - 1, 2)
        if len(share) % 2:  # the last one is paired with the one before, which counts twice: never too little
            first = np.append(first, len(share) - 2)
        weight = np.maximum(share[first], share[first + 1])
        return np.sqrt((values[..., first] - values[..., first + 1]) ** 2 @ weight**2)


def draw_rows(grid: TokenGrid, anchors: int, seed: int | Sequence[int]) -> RowSample | None:
    """Draw one token from each of so many strata of a grid; None if that would be every token.

    Args:
        grid: Where the tokens lie.
        anchors: Number of strata.
        seed: One whole number from 0, or several; the same numbers draw the same tokens.

    Raises:
        ValueError: If there are fewer than `LEAST_ANCHORS` anchors, or the seed is below 0.

    Example:
        >>> draw_rows(TokenGrid(4, 4), anchors=4, seed=0).sizes
        array([4, 4, 4, 4])
    """
    if anchors < LEAST_ANCHORS:
        raise ValueError(f"anchors must be at least {LEAST_ANCHORS} for an error to be known, got {anchors}.")
    if min([seed] if isinstance(seed, int) else seed) < 0:
        raise ValueError(f"A seed is a whole number from 0, got {seed}.")
    if anchors >= grid.num_tokens:
        return None
    order = snake(grid.height, grid.width, anchors)
    edges = np.arange(anchors + 1) * grid.num_tokens // anchors
    sizes = np.diff(edges)
    position = edges[:-1] + np.random.default_rng(seed).integers(sizes)
    return RowSample(torch.from_numpy(order[position]), sizes)


@lru_cache(maxsize=32)
def snake(height: int, width: int, anchors: int) -> Int[np.ndarray, " tokens"]:
    """Return all tokens in an order whose consecutive runs are compact regions of the grid.

    Bands of rows, as high as a square region of N / anchors tokens, are walked column by column, every other one from
    right to left. Cut into `anchors` runs whose lengths differ by at most one, the order gives strata; runs that
    follow each other are neighbours on the grid.

    Example:
        >>> snake(2, 2, anchors=2)
        array([0, 2, 1, 3])
    """
    side = (height * width / anchors) ** 0.5
    bands = np.array_split(np.arange(height), min(height, max(1, round(height / side))))
    columns = np.arange(width)
    walked = [
        (rows[None] * width + columns[:: -1 if number % 2 else 1, None]).ravel() for number, rows in enumerate(bands)
    ]
    return np.concatenate(walked)
