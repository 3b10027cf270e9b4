"""The metrics of dense rows of single precision on the CPU, in a few compiled passes over them."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from analysis.redundancy import row_sums, selected_rows, sorted_rows
from analysis.redundancy.lazy import lazy
from analysis.redundancy.row_metrics import LEVEL_TOLERANCE, LEVELS, RowMetrics

LONG = 1024
"""From so many tokens on, selecting is faster than sorting."""


class CompiledRows(RowMetrics):
    """What `RowMetrics` measures, to rounding, of rows for which `analysis.redundancy.pieces.can_be_compiled` is true.

    Passes divide the rows by their sums as they go, so that nothing as large as the rows is written but for sorting.
    """

    @lazy
    def mass(self) -> Float[Tensor, "heads rows"]:
        """What each row sums to."""
        return self._moments[row_sums.MASS].float()

    @lazy
    def entropy(self) -> Float[Tensor, "heads rows"]:
        """- sum_j a_ij log a_ij, in nats."""
        return self._moments[row_sums.ENTROPY]

    @lazy
    def perplexity(self) -> Float[Tensor, "heads rows"]:
        """exp(entropy)."""
        return self._moments[row_sums.PERPLEXITY]

    @lazy
    def distance(self) -> Float[Tensor, "heads rows"]:
        """sum_j a_ij |position_i - position_j|, in pixels."""
        return self._moments[row_sums.DISTANCE]

    @lazy
    def local_mass(self) -> Float[Tensor, "heads rows"]:
        """Share within the neighbourhood around the anchor."""
        return self._moments[row_sums.LOCAL_MASS]

    @lazy
    def top_mass(self) -> Float[Tensor, "heads rows"]:
        """Share of the k heaviest tokens."""
        return self._selected[..., -1]

    @lazy
    def head_divergence(self) -> Float[Tensor, "heads rows"] | None:
        """Mean Jensen-Shannon divergence from the other heads' rows, in nats."""
        return self._of_pairs[1][row_sums.DIVERGENCE] if self._has_others else None

    @lazy
    def head_cosine(self) -> Float[Tensor, "heads rows"] | None:
        """Mean cosine with the other heads' rows."""
        return self._of_pairs[1][row_sums.COSINE] if self._has_others else None

    @lazy
    def pair_divergence(self) -> Float[Tensor, "pairs rows"]:
        """The Jensen-Shannon divergence for each pair of heads in order, in nats."""
        return self._of_pairs[0][row_sums.DIVERGENCE]

    @lazy
    def pair_cosine(self) -> Float[Tensor, "pairs rows"]:
        """Cosine for each pair of heads in order."""
        return self._of_pairs[0][row_sums.COSINE]

    def add_received(self, received: Float[np.ndarray, "heads tokens"]) -> None:
        """Add what every token receives from these rows."""
        row_sums.receive(self._contiguous, self.mass.numpy(), received)

    @lazy
    def _tokens_for(self) -> Float[Tensor, "heads rows levels"]:
        return self._selected[..., :-1]

    @lazy
    def _contiguous(self) -> Float[np.ndarray, "heads rows k"]:
        return self.weight.contiguous().numpy()

    @lazy
    def _moments(self) -> Float[Tensor, "moments heads rows"]:
        grid, anchors = self.layout.grid, self.block.anchors.contiguous().numpy()
        found = np.empty((6, *self.weight.shape[:2]))
        table, reach = self.layout.distances_by_offset.numpy(), self.settings.neighbourhood // 2
        row_sums.moments(self._contiguous, anchors, table, grid.height, grid.width, reach, found)
        return torch.from_numpy(found)

    @lazy
    def _of_pairs(self) -> tuple[Float[Tensor, "2 pairs rows"], Float[Tensor, "2 heads rows"]]:
        """What `row_sums.pairs` finds of each pair of heads, and the means over the partners of each head."""
        heads, rows, _ = self.weight.shape
        found, means = np.empty((2, heads * (heads - 1) // 2, rows)), np.empty((2, heads, rows))
        row_sums.pairs(self._contiguous, self._moments.numpy(), found, means)
        return torch.from_numpy(found), torch.from_numpy(means)

    @lazy
    def _selected(self) -> Float[Tensor, "heads rows levels_and_top"]:
        left_out = np.array([1 - level / 100 + LEVEL_TOLERANCE for level in LEVELS])
        heads, rows, count = self.weight.shape
        found = np.empty((len(LEVELS) + 1, heads, rows))
        if count >= LONG:
            guesses = self._scratch.kept("guesses", (heads, len(found), 2)).numpy()
            selected_rows.count_tokens(
                self._contiguous, self.mass.numpy(), left_out, self.settings.top_k, guesses, found
            )
            return torch.from_numpy(found).permute(1, 2, 0)
        rising: np.ndarray = self._scratch.like("rising", self.weight).copy_(self.weight).numpy()
        rising.sort(axis=-1)
        sorted_rows.count_tokens(rising, self.mass.numpy(), left_out, self.settings.top_k, found)
        return torch.from_numpy(found).permute(1, 2, 0)
