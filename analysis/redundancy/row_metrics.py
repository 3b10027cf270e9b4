"""All metrics of one block of rows, each computed when first asked for and from what others already computed."""

from collections.abc import Callable
from dataclasses import dataclass
from math import log

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from analysis.redundancy.lazy import lazy
from analysis.redundancy.scratch import Scratch
from analysis.redundancy.token_layout import TokenLayout
from stvit import RowBlock
from stvit.precision import at_least_single

NEIGHBOURHOOD = 7
"""Side in tokens of the window around the anchor whose mass is reported."""

LARGE_SHARE = 0.9
"""Share of the mass whose smallest number of tokens is reported."""

LEVELS = (50, 90, 99)
"""Percentages of the mass whose smallest number of tokens is counted."""

LEVEL_TOLERANCE = 1e-6
"""How much mass a count may fall short of its level: rounding must not cost a token where shares are equal."""


@dataclass(frozen=True)
class RowSettings:
    """The parameters of the row metrics that their definitions leave open.

    Attributes:
        neighbourhood: Side in tokens, odd, of the window around the anchor whose mass is `local_mass`.
        top_k: Number of heaviest tokens whose mass is `top_mass`.
    """

    neighbourhood: int = NEIGHBOURHOOD
    top_k: int = 10

    def __post_init__(self) -> None:
        """Check the numbers."""
        if self.neighbourhood < 1 or self.neighbourhood % 2 == 0:
            raise ValueError(
                f"neighbourhood must be an odd number of at least 1 (it has the anchor in its middle), got "
                f"{self.neighbourhood}."
            )
        if self.top_k < 1:
            raise ValueError(f"top_k must be at least 1, got {self.top_k}.")


class RowMetrics:
    """The metrics of a block of rows by name, each of shape (heads, rows).

    All but `mass` are conditional on the mass kept: they measure row / row sum. Rows without mass measure 0, and so do
    rows with less of it than a number can hold in full precision. Half precision is summed and divided in single
    precision.

    Args:
        block: Consecutive rows of all heads.
        layout: Where the tokens lie.
        settings: The parameters of the metrics.
        scratch: Memory to work in, which the metrics of another block may have used before; none but one block at a
            time can use it.
    """

    def __init__(
        self, block: RowBlock, layout: TokenLayout, settings: RowSettings, scratch: Scratch | None = None
    ) -> None:
        self.block, self._scratch = block, scratch or Scratch()
        self.weight = at_least_single(block.weight.detach())
        self.layout = layout
        self.settings = settings

    @lazy
    def mass(self) -> Float[Tensor, "heads rows"]:
        """What each row sums to."""
        return self.weight.sum(-1)

    @lazy
    def share(self) -> Float[Tensor, "heads rows k"]:
        """The rows divided by their sums."""
        mass = self.mass.where(self._has_mass, torch.inf).unsqueeze(-1)
        return torch.div(self.weight, mass, out=self._scratch.like("share", self.weight))

    @lazy
    def entropy(self) -> Float[Tensor, "heads rows"]:
        """- sum_j a_ij log a_ij, in nats."""
        return self._entropy(self.share, self._positive)

    @lazy
    def normalised_entropy(self) -> Float[Tensor, "heads rows"]:
        """Entropy over log N, from 0 (one token) to 1 (uniform)."""
        return self.entropy / log(max(2, self.layout.grid.num_tokens))

    @lazy
    def perplexity(self) -> Float[Tensor, "heads rows"]:
        """exp(entropy): the number of tokens of a uniform row with the same entropy."""
        return self.entropy.exp() * self._has_mass

    @lazy
    def distance(self) -> Float[Tensor, "heads rows"]:
        """sum_j a_ij |position_i - position_j|, in pixels."""
        return _dot(self.share, self.layout.distances(self.block))

    @lazy
    def local_mass(self) -> Float[Tensor, "heads rows"]:
        """Share within the neighbourhood around the anchor."""
        return _dot(self.share, self.layout.nearby(self.block, self.settings.neighbourhood))

    @lazy
    def top_mass(self) -> Float[Tensor, "heads rows"]:
        """Share of the k heaviest tokens."""
        return self._rising[..., -self.settings.top_k :].sum(-1)

    @lazy
    def tokens_for_50(self) -> Float[Tensor, "heads rows"]:
        """Fewest tokens that hold half of the mass."""
        return self._tokens_for[..., 0]

    @lazy
    def tokens_for_90(self) -> Float[Tensor, "heads rows"]:
        """Fewest tokens that hold 90 % of the mass."""
        return self._tokens_for[..., 1]

    @lazy
    def tokens_for_99(self) -> Float[Tensor, "heads rows"]:
        """Fewest tokens that hold 99 % of the mass."""
        return self._tokens_for[..., 2]

    @lazy
    def head_divergence(self) -> Float[Tensor, "heads rows"] | None:
        """Mean Jensen-Shannon divergence from the other heads' rows, in nats, at most log 2; None for one head."""
        return self._mean_over_others(self.pair_divergence) if self._has_others else None

    @lazy
    def head_cosine(self) -> Float[Tensor, "heads rows"] | None:
        """Mean cosine with the other heads' rows; None for one head."""
        return self._mean_over_others(self.pair_cosine) if self._has_others else None

    @lazy
    def pair_divergence(self) -> Float[Tensor, "pairs rows"]:
        """JS = H((p + q) / 2) - (H(p) + H(q)) / 2 for each pair of heads in order, in nats.

        H((p + q) / 2) = log 2 - sum (p + q) log (p + q) / 2 wherever both have mass: no other pass over the rows.
        """
        first, other = self._pairs
        of_sums = self._with_later_heads(self._entropy_of_sums)
        apart = log(2) + (of_sums - self.entropy[first] - self.entropy[other]) / 2
        return apart.clamp(min=0) * (self._has_mass[first] & self._has_mass[other])

    @lazy
    def pair_cosine(self) -> Float[Tensor, "pairs rows"]:
        """Cosine for each pair of heads in order."""
        first, other = self._pairs
        norm = _dot(self.share, self.share).sqrt().clamp(min=torch.finfo(self.share.dtype).tiny)
        return (
            self._with_later_heads(lambda head: _dot(self.share[head], self.share[head + 1 :]))
            / norm[first]
            / norm[other]
        )

    def add_received(self, received: Float[np.ndarray, "heads tokens"]) -> None:
        """Add what every token receives from these rows."""
        if self.block.token is None:
            total = self.share.sum(1)
        else:
            target = self.block.token.flatten().expand(len(self.share), -1)
            empty = self.share.new_zeros(len(self.share), self.block.num_tokens)
            total = empty.scatter_add_(1, target, self.share.flatten(1))
        received += total.numpy(force=True)

    @lazy
    def _has_mass(self) -> Bool[Tensor, "heads rows"]:
        return self.mass >= torch.finfo(self.mass.dtype).tiny

    @lazy
    def _positive(self) -> Float[Tensor, "heads rows k"]:
        """The shares, each at least the smallest number whose logarithm is finite."""
        tiny = torch.finfo(self.share.dtype).tiny
        return torch.clamp(self.share, min=tiny, out=self._scratch.like("positive", self.share))

    @lazy
    def _rising(self) -> Float[Tensor, "heads rows k"]:
        """The shares of each row in rising order, by NumPy, which sorts faster (see `benchmarks.redundancy`)."""
        rows = self._scratch.like("rising", self.share).copy_(self.share)
        if rows.device.type != "cpu":
            return rows.sort(-1).values
        rows.numpy().sort(axis=-1)
        return rows

    @lazy
    def _tokens_for(self) -> Float[Tensor, "heads rows levels"]:
        """Tokens that remain when the lightest are left out as long as they hold no more than 1 - level.

        Sums are taken of runs of about sqrt(k) shares first, and of single shares only in the run that decides.
        """
        width = self._rising.shape[-1]
        run = max(1, round(width**0.5))
        missing = -width % run
        runs = torch.nn.functional.pad(self._rising, (missing, 0)) if missing else self._rising
        runs = runs.unflatten(-1, (-1, run))
        held = runs.sum(-1).cumsum(-1)
        limit = held[..., -1:] * held.new_tensor([1 - level / 100 + LEVEL_TOLERANCE for level in LEVELS])
        count = held.shape[-1]
        whole = torch.searchsorted(held, limit, right=True).clamp(max=count - 1)  # runs that can be left out
        before = torch.nn.functional.pad(held, (1, 0)).gather(-1, whole)
        first = torch.arange(0, held.numel(), count, device=held.device).view(*held.shape[:-1], 1)
        deciding = runs.flatten(0, -2)[first + whole]  # (heads, rows, levels, run)
        inside = before.unsqueeze(-1) + deciding.cumsum(-1)
        left_out = whole * run + torch.searchsorted(inside, limit.unsqueeze(-1), right=True).squeeze(-1)
        return (count * run - left_out).to(held.dtype)

    @lazy
    def _pairs(self) -> Int[Tensor, "2 pairs"]:
        """The pairs of heads in order."""
        heads = self.weight.shape[0]
        return torch.triu_indices(heads, heads, 1, device=self.weight.device)

    def _with_later_heads(self, rule: Callable[[int], Float[Tensor, "others rows"]]) -> Float[Tensor, "pairs rows"]:
        """Return what a rule tells of each head with every head after it; nothing for one head."""
        return torch.cat([self.mass[:0], *(rule(head) for head in range(self.share.shape[0] - 1))])

    @property
    def _has_others(self) -> bool:
        """Whether a head has others to be compared with."""
        return self.weight.shape[0] > 1

    def _mean_over_others(self, pairs: Float[Tensor, "pairs rows"]) -> Float[Tensor, "heads rows"]:
        """Average what belongs to pairs of heads over the partners of each head."""
        first, other = self._pairs
        total = pairs.new_zeros(self.mass.shape).index_add_(0, first, pairs).index_add_(0, other, pairs)
        return total / (total.shape[0] - 1)

    def _entropy_of_sums(self, head: int) -> Float[Tensor, "others rows"]:
        """Return -sum (p + q) log (p + q) of the rows p of a head and those q of each head after it."""
        later = self._positive[head + 1 :]
        both = torch.add(self._positive[head], later, out=self._scratch.like("both", later))
        return self._entropy(both, both)

    def _entropy(self, values: Float[Tensor, "*rows k"], positive: Float[Tensor, "*rows k"]) -> Float[Tensor, "*rows"]:
        """Return -sum x log x, of positive numbers where x is 0; NumPy's logarithm takes a third of the time."""
        logarithm = self._scratch.like("logarithm", positive)
        if positive.device.type == "cpu":
            np.log(positive.numpy(), out=logarithm.numpy())
        else:
            torch.log(positive, out=logarithm)
        return 0 - _dot(values, logarithm)  # not -0.0 where one token has all


def _dot(first: Float[Tensor, "*rows k"], second: Float[Tensor, "*other_rows k"]) -> Float[Tensor, "*broadcast"]:
    """Return sums of products of rows, broadcast over heads; on the CPU by NumPy, which takes half as long."""
    if first.device.type == "cpu":
        return torch.from_numpy(np.asarray(np.vecdot(first.numpy(), second.numpy())))
    return torch.linalg.vecdot(first, second)
