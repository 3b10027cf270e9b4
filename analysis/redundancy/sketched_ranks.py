"""Sums over the singular values of an attention too large to decompose, estimated from one product with random vectors.

With L Gaussian vectors as the columns of Omega, the columns of Y = A Omega are draws from a normal distribution with
covariance A A^T, and the eigenvalues g of Y^T Y / L tell of its spectrum (Marchenko and Pastur, 1967; Silverstein and
Choi, Journal of Multivariate Analysis 1995): for every x > 0, with t^-2 = mean of 1 / (g + x) and
m = sum of g / (g + x),

    sum of sigma^2 / (sigma^2 + t^2) over all singular values sigma = m

in the limit of many tokens and vectors. m counts, softly, the singular values above t. The sums follow from this curve:

    sum sigma = 2 / pi  integral of m dt,    sum sigma log sigma = 2 / pi  integral of m log t dt.

A sketch knows the largest singular values to a few per cent only: they are computed, and the curve is that of the
others. It is used up to where m comes near L. Beyond, the root mean square of what is left for each direction left,
t sqrt(m / (count - m)), is taken to fall as exp(-rate sqrt(m)), like singular values of a smooth function of places on
a plane; where it already falls faster and faster, it goes on doing so. docs/metrics.md gives the measured error.
"""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from analysis.redundancy.watch import Watch
from stvit import Attention

DENSE_BYTES = 64 * 2**20
"""Up to this size the rows of one head are kept from one product to the next."""

BLOCK_BYTES = 16 * 2**20

SKETCHED = 384
"""Random vectors."""

COMPUTED = 16
"""Leading singular values that are computed."""

SUBSPACE = 48
"""Directions they are computed in: more, so that the last of them are right, too."""

ROWS_AT_ONCE = 64
"""Rows of a head that are made at once where all are kept."""

PASSES = 3
"""Times that an estimate goes through all rows."""

SEEN = 0.85
"""Part of the sketch up to which the curve is believed."""

POINTS = 400
"""Points of the curve, and again of what lies beyond it."""

ROUNDING = 1e-13
"""Squared singular values below this part of the largest are rounding errors of single precision."""


def estimated_sums(
    attention: Attention, head: int, seed: int = 0, watch: Watch | None = None
) -> tuple[float, float, float, float]:
    """Return sum sigma, sum sigma log sigma, sum sigma^2 and the largest sigma of one head.

    Sum sigma^2 is exact, the largest right to about 0.2 %, the others are estimates.

    Args:
        attention: Any attention.
        head: Which head.
        seed: Of the random vectors.
        watch: Counts the work, `PASSES` times all rows.
    """
    rows = _Rows(attention, head, watch or Watch(0))
    sketch, gram, squares = rows.sketched(SKETCHED, seed)
    energies, vectors = np.linalg.eigh(gram)
    leading = _leading_values(rows, sketch, vectors[:, -SUBSPACE:])[:COMPUTED]
    others = energies[-COMPUTED - 1 :: -1].clip(min=0) / (SKETCHED - COMPUTED)
    total, logarithms = leading.sum(), leading @ np.log(leading.clip(min=np.finfo(np.float64).tiny))
    if others[0] > ROUNDING * squares and attention.num_tokens > COMPUTED:
        more, their_logarithms = sums_of_sketched(others, attention.num_tokens - COMPUTED)
        total, logarithms = total + more, logarithms + their_logarithms
    return float(total), float(logarithms), squares, float(leading[0])


def sums_of_sketched(energies: Float[np.ndarray, " vectors"], count: int) -> tuple[float, float]:
    """Return sum sigma and sum sigma log sigma from a sketch.

    Args:
        energies: All L eigenvalues of Y^T Y / L in falling order.
        count: Number of singular values.

    Example:
        >>> drawn = np.random.default_rng(0).normal(size=(400, 200))  # of 400 singular values, all 1
        >>> total, _ = sums_of_sketched(np.linalg.svd(drawn, compute_uv=False) ** 2 / 200, count=400)
        >>> 396 < total < 404
        True
    """
    level = energies[0] * np.geomspace(1e9, ROUNDING, POINTS)[:, None]
    above, size = (energies / (energies + level)).sum(1), -np.log((1 / (energies + level)).mean(1)) / 2
    seen = above < min(SEEN * len(energies), count)
    above, size = _continued(above[seen], size[seen], count)
    area = above * np.exp(size)
    below = count * np.exp(size[-1])
    total = np.trapezoid(area, -size) + below
    logarithms = np.trapezoid(area * size, -size) + below * (size[-1] - 1)
    return 2 / np.pi * float(total), 2 / np.pi * float(logarithms)


def _continued(
    above: Float[np.ndarray, " points"], size: Float[np.ndarray, " points"], count: int
) -> tuple[Float[np.ndarray, " more"], Float[np.ndarray, " more"]]:
    """Continue a curve of log t over m as far as there are singular values; see the head of this module."""
    last = above[-1]
    more = np.geomspace(last, count, POINTS)[1:-1]
    root, left = np.sqrt(above), size + _log_share(above, count)
    places = np.sqrt(last) * np.array([0.5**0.5, (1 + 0.5**0.5) / 2, 1])
    before, after = np.diff(np.interp(places, root, left)) / np.diff(places)
    bend = min(0, (after - before) / (places[2] - places[0]))
    slope = after + bend * (places[2] - places[1]) if bend else (before + after) / 2
    step = np.sqrt(more) - places[2]
    beyond = left[-1] + min(0, slope) * step + bend * step**2 - _log_share(more, count)
    return np.concatenate([above, more]), np.concatenate([size, beyond])


def _log_share(above: Float[np.ndarray, " points"], count: int) -> Float[np.ndarray, " points"]:
    return np.log(above / (count - above)) / 2


def _leading_values(
    rows: "_Rows", sketch: Float[Tensor, "vectors tokens"], vectors: Float[np.ndarray, "vectors few"]
) -> Float[np.ndarray, " values"]:
    """Return the largest singular values, found in the leading directions of a sketch after one more iteration."""
    directions = _orthonormal(sketch.T @ torch.from_numpy(vectors).to(sketch))
    directions = _orthonormal(rows.transposed_times(directions))
    return torch.linalg.svdvals(rows.times(directions).double()).numpy(force=True)


class _Rows:
    """The rows of one head, block by block: kept where they are small, else made again for every product."""

    def __init__(self, attention: Attention, head: int, watch: Watch) -> None:
        self._make, self._watch = partial(attention.rows, head=head), watch
        self.tokens = attention.num_tokens
        self.like = attention.rows(0, 1, head)
        row_bytes = self.tokens * self.like.element_size()
        whole = row_bytes * self.tokens <= DENSE_BYTES
        self._step = self.tokens if whole else max(1, BLOCK_BYTES // row_bytes)
        self._kept = _all_rows(self._make, self.like, self.tokens) if whole else None

    def _blocks(self) -> Iterator[tuple[slice, Tensor]]:
        for start in range(0, self.tokens, self._step):
            stop = min(start + self._step, self.tokens)
            yield slice(start, stop), self._make(start, stop) if self._kept is None else self._kept
            self._watch.advance((stop - start) * self.tokens)

    def sketched(
        self, width: int, seed: int
    ) -> tuple[Float[Tensor, "width tokens"], Float[np.ndarray, "width width"], float]:
        """Return Y^T for so many Gaussian vectors, Y^T Y in double precision, and the sum of all squares."""
        vectors = torch.randn(width, self.tokens, generator=torch.Generator().manual_seed(seed)).to(self.like)
        sketch, gram, squares = torch.empty_like(vectors), np.zeros((width, width)), 0.0
        for here, rows in self._blocks():
            part = _product(vectors, rows)
            sketch[:, here] = part  # written in place: parts kept one by one would fragment the memory
            double = part.numpy(force=True).astype(np.float64)
            gram += double @ double.T
            squares += torch.linalg.vector_norm(rows, dim=-1).square().sum(dtype=torch.float64).item()
        return sketch, gram, squares

    def times(self, values: Float[Tensor, "tokens few"]) -> Float[Tensor, "tokens few"]:
        result = torch.empty_like(values)
        for here, rows in self._blocks():
            torch.matmul(rows, values, out=result[here])
        return result

    def transposed_times(self, values: Float[Tensor, "tokens few"]) -> Float[Tensor, "tokens few"]:
        total = torch.zeros_like(values)
        for here, rows in self._blocks():
            total += rows.T @ values[here]
        return total


def _all_rows(
    rows: Callable[[int, int], Float[Tensor, "rows tokens"]], like: Tensor, tokens: int
) -> Float[Tensor, "tokens tokens"]:
    """Return all rows, made some at a time: memory for all of them at once, several times over, takes longest."""
    dense = like.new_empty(tokens, tokens)
    for start in range(0, tokens, ROWS_AT_ONCE):
        dense[start : start + ROWS_AT_ONCE] = rows(start, min(start + ROWS_AT_ONCE, tokens))
    return dense


def _product(vectors: Float[Tensor, "width tokens"], rows: Float[Tensor, "rows tokens"]) -> Float[Tensor, "width rows"]:
    """Return vectors @ rows^T, by oneDNN where it can: MKL takes twice as long on processors of AMD."""
    if rows.device.type == "cpu" and rows.dtype == torch.float32 and torch.backends.mkldnn.is_available():
        return F.linear(vectors.to_mkldnn(), rows).to_dense()
    return vectors @ rows.T


def _orthonormal(columns: Tensor) -> Tensor:
    return torch.linalg.qr(columns).Q
