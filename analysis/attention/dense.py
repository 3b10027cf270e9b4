"""An attention from anywhere, given as its dense matrix."""

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from stvit import Attention, RowBlock
from stvit.precision import at_least_single


class DenseAttention(Attention):
    """An attention given in full: an array from any model, ready for every metric.

    Args:
        weights: Attention of each query (row) to each key, shape (heads, N, N); finite and not negative. Rows need
            not sum to 1. They are not copied; rows of half precision are read in single precision.

    Raises:
        TypeError: If the weights are no array or tensor of real numbers.
        ValueError: If they have another shape, or a weight is negative or not finite.

    Example:
        >>> from analysis import DenseAttention, measure
        >>> from stvit import TokenGrid
        >>> attention = DenseAttention(np.full((3, 196, 196), 1 / 196))
        >>> measure(attention, TokenGrid(14, 14, 1), 16).head_values()["entropy"].round(3)  # log 196
        array([5.278, 5.278, 5.278])
    """

    def __init__(
        self, weights: Float[Tensor, "heads tokens tokens"] | Float[np.ndarray, "heads tokens tokens"]
    ) -> None:
        self.weights = _checked(weights)

    def head_rows(self, start: int, stop: int) -> RowBlock:
        """Return rows start to stop (excluded) of every head."""
        return RowBlock(start, at_least_single(self.weights[:, start:stop]), None, self.weights.shape[-1])

    def chosen_rows(self, index: Int[Tensor, " rows"]) -> RowBlock:
        """Return the rows of chosen tokens, of every head."""
        return RowBlock(0, at_least_single(self.weights[:, index]), None, self.weights.shape[-1], index)


def _checked(weights: Tensor | np.ndarray) -> Tensor:
    if not isinstance(weights, Tensor | np.ndarray):
        raise TypeError(
            f"Attention weights are a tensor or an array of shape (heads, N, N), got {type(weights).__name__}; "
            "np.asarray makes an array of a list."
        )
    if weights.ndim != 3 or weights.shape[1] != weights.shape[2] or 0 in weights.shape:
        raise ValueError(
            f"Attention weights have the shape (heads, N, N), got {tuple(weights.shape)}; choose one image, and add "
            "an axis for a single head."
        )
    values = torch.as_tensor(weights).detach()
    if not values.is_floating_point():
        raise TypeError(f"Attention weights are real numbers, got {values.dtype}; convert them to float first.")
    for head, of_head in enumerate(values):
        wrong = ~(of_head.isfinite() & (of_head >= 0))
        if wrong.any():
            row, column = (int(position) for position in wrong.nonzero()[0])
            raise ValueError(
                f"Attention weights are finite and not negative, got {of_head[row, column].item()} in head {head}, "
                f"row {row}, column {column} (all from 0)."
            )
    return values
