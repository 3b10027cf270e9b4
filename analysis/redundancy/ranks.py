"""Effective and stable rank of an attention: exact where that is affordable, a labelled estimate above.

The rank is that of the attention as it is; rows are not divided by their sums.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from analysis.redundancy.watch import Watch
from stvit import Attention

EXACT_TOKENS = 1024
"""Up to this many tokens the singular values of an attention without factors are computed exactly."""

DENSE_BYTES = 64 * 2**20
"""Up to this size one head is kept dense while its spectrum is estimated."""

BLOCK_BYTES = 16 * 2**20

SKETCHED = 384
"""Leading singular values of an estimate."""

OVERSAMPLING = 64
"""Further directions of the sketch, so that the last of the leading values are right too."""

ROWS_AT_ONCE = 64
"""Rows of a head that are made at once where all are kept."""

PROBES = 16
"""Random vectors by which the little that the leading values leave is measured."""

ROUNDING = 1e-4
"""Below this part of the squared norm, what the leading values leave cannot be had by subtraction in float32."""


EXACT_SHARE = 32
"""A decomposition of N x N takes as long as measuring N^3 / 32 weights of rows."""

PASSES = 20
"""An estimate takes as long as measuring 20 N^2 weights of rows."""

PRODUCTS = 5
"""Times that an estimate goes through all rows."""


@dataclass(frozen=True)
class Spectrum:
    """Singular values of one head.

    Attributes:
        values: In falling order; zeros may be left out.
        exact: Whether they are the true ones, not an estimate.
    """

    values: Float[Tensor, " count"]
    exact: bool


def effective_rank(values: Float[Tensor, " count"]) -> float:
    """Return exp(- sum p log p) with p = sigma / sum sigma (Roy and Vetterli, EUSIPCO 2007); 0 for a zero matrix.

    Example:
        >>> round(effective_rank(torch.ones(3)), 3)
        3.0
    """
    array = values.numpy(force=True)
    positive = array[array > 0]
    share = positive / positive.sum()
    return float(np.exp(-share @ np.log(share))) if len(share) else 0.0


def stable_rank(values: Float[Tensor, " count"]) -> float:
    """Return sum sigma^2 / sigma_1^2 (Rudelson and Vershynin, 2007); 0 for a zero matrix.

    Example:
        >>> stable_rank(torch.tensor([2.0, 1.0]))  # (4 + 1) / 4
        1.25
    """
    largest = values.max() if len(values) else values.new_zeros(())
    return (values / largest).square().sum().item() if largest > 0 else 0.0


def spectrum(attention: Attention, head: int, exact_tokens: int = EXACT_TOKENS, watch: Watch | None = None) -> Spectrum:
    """Return the singular values of one head.

    Exact, to about 1e-8 of the largest, for attentions with a specialised method (token attention by its
    factors, local attention window by window) and for all others up to `exact_tokens` tokens. Above, an estimate:
    see `estimated_singular_values`.

    Args:
        attention: Any attention.
        head: Which head.
        exact_tokens: Largest number of tokens for which a dense N x N decomposition is done.
        watch: Counts the work, see `spectrum_work`.

    Example:
        >>> from analysis import DenseAttention
        >>> spectrum(DenseAttention(torch.eye(3)[None]), head=0).values.tolist()
        [1.0, 1.0, 1.0]
    """
    known = known_spectrum(attention, head)
    if known is not None:
        return known
    attention, watch = attention.plain, watch or Watch(0)
    with _naming(head):
        if attention.num_tokens > exact_tokens:
            return Spectrum(estimated_singular_values(attention, head, watch=watch), False)
        values = _from_gram(attention.rows(0, attention.num_tokens, head))
    watch.advance(spectrum_work(attention, exact_tokens))
    return Spectrum(values, True)


def spectrum_work(attention: Attention, exact_tokens: int = EXACT_TOKENS, reads_rows: bool = True) -> int:
    """Return about how much work the singular values of a head are, counted in weights of measured rows.

    Those of factors are as nothing beside the rows, and so is what reads no rows.
    """
    plain, tokens = attention.plain, attention.num_tokens
    if plain.knows_singular_values or not reads_rows:
        return 0
    if tokens <= exact_tokens:
        return tokens**3 // EXACT_SHARE
    return tokens**2 * PASSES


def known_spectrum(attention: Attention, head: int) -> Spectrum | None:
    """Return the singular values of one head if the attention knows a fast way to the exact ones, else None."""
    if not attention.plain.knows_singular_values:
        return None
    with _naming(head):
        known = attention.plain.singular_values(head)
    return None if known is None else Spectrum(known, True)


@contextmanager
def _naming(head: int) -> Iterator[None]:
    """Say of which head a decomposition failed."""
    try:
        yield
    except (np.linalg.LinAlgError, torch.linalg.LinAlgError) as error:
        raise ValueError(
            f"Head {head + 1} has no singular values: the attention holds numbers that are not finite."
        ) from error


def estimated_singular_values(
    attention: Attention, head: int, leading: int = SKETCHED, seed: int = 0, watch: Watch | None = None
) -> Float[Tensor, " tokens"]:
    """Estimate all N singular values of one head without decomposing N x N.

    The leading ones come from a randomised decomposition with one power iteration (Halko, Martinsson and Tropp,
    SIAM Review 2011). The others are taken to fall exponentially from the last of these, just so fast that the
    squares of all sum to the Frobenius norm, which is exact. The error of the
    effective rank was measured, see docs/metrics.md: 0.4 to 2.6 % low on the demo, up to 3.5 % high on sharp attention
    with noise. The largest singular value, and so the stable rank, is right to 0.2 %.

    Args:
        attention: Any attention.
        head: Which head.
        leading: Number of singular values to compute; the others are modelled.
        seed: Of the random sketch.
        watch: Counts the work.
    """
    product = _Product(attention, head, watch or Watch(0))
    basis = _leading_basis(product, attention.num_tokens, leading + OVERSAMPLING, seed)
    reduced = product.transposed_times(basis)
    values = _from_gram(reduced)
    energy = product.squared_norm() - values.square().sum().item()
    if energy < ROUNDING * values.square().sum().item():  # a difference of nearly equal numbers: compute it directly
        energy = product.squared_residual(basis, reduced)
    energy += values[leading:].square().sum().item()
    values = values[:leading]
    tail = _exponential_tail(values[-1].item(), energy, attention.num_tokens - len(values))
    return torch.cat([values, tail.to(values)])


def _leading_basis(product: "_Product", tokens: int, width: int, seed: int) -> Float[Tensor, "tokens width"]:
    """Return an orthonormal basis of about the range of the leading left singular vectors."""
    generator = torch.Generator().manual_seed(seed)
    sketch = torch.randn(tokens, min(tokens, width), generator=generator).to(product.like)
    basis = _orthonormal(product.times(sketch))
    return _orthonormal(product.times(product.transposed_times(basis)))


class _Product:
    """One head as an operator: dense where it is small, else row by row again for every product."""

    def __init__(self, attention: Attention, head: int, watch: Watch) -> None:
        self._rows, self._watch = partial(attention.rows, head=head), watch
        self._tokens = attention.num_tokens
        self.like = attention.rows(0, 1, head)
        row_bytes = self._tokens * self.like.element_size()
        whole = row_bytes * self._tokens <= DENSE_BYTES
        self._step = self._tokens if whole else max(1, BLOCK_BYTES // row_bytes)
        self._dense = _all_rows(self._rows, self.like, self._tokens) if whole else None
        self._transposed = None if self._dense is None else self._dense.T.contiguous()

    def _blocks(self) -> Iterator[tuple[int, Tensor]]:
        for start in range(0, self._tokens, self._step):
            stop = min(start + self._step, self._tokens)
            yield start, self._rows(start, stop) if self._dense is None else self._dense
            self._watch.advance((stop - start) * self._tokens * PASSES // PRODUCTS)

    def times(self, values: Tensor) -> Tensor:
        result = values.new_empty(self._tokens, values.shape[1])
        for start, rows in self._blocks():  # written in place: parts kept one by one would fragment the memory
            if self._dense is None:
                torch.matmul(rows, values, out=result[start : start + len(rows)])
            else:
                result = _product(rows, values)
        return result

    def transposed_times(self, values: Tensor) -> Tensor:
        total = torch.zeros_like(values)
        for start, rows in self._blocks():
            if self._transposed is None:
                total += rows.T @ values[start : start + len(rows)]
            else:
                total = _product(self._transposed, values)
        return total

    def squared_norm(self) -> float:
        return sum(_squares(rows) for _, rows in self._blocks())

    def squared_residual(self, basis: Tensor, reduced: Tensor) -> float:
        """Estimate the squared norm of what the basis leaves, R = A - Q (A^T Q)^T, as the mean |R g|^2 over probes."""
        generator = torch.Generator().manual_seed(len(basis))
        probes = torch.randn(self._tokens, PROBES, generator=generator).to(self.like)
        left = self.times(probes) - basis @ (reduced.T @ probes)
        return left.double().square().sum().item() / PROBES


def _all_rows(
    rows: Callable[[int, int], Float[Tensor, "rows tokens"]], like: Tensor, tokens: int
) -> Float[Tensor, "tokens tokens"]:
    """Return all rows, made some at a time: memory for all of them at once, several times over, takes longest."""
    dense = like.new_empty(tokens, tokens)
    for start in range(0, tokens, ROWS_AT_ONCE):
        dense[start : start + ROWS_AT_ONCE] = rows(start, min(start + ROWS_AT_ONCE, tokens))
    return dense


def _product(rows: Float[Tensor, "rows tokens"], values: Float[Tensor, "tokens width"]) -> Tensor:
    """Return rows @ values of large matrices, by oneDNN where it can: MKL takes twice as long on processors of AMD."""
    if rows.device.type == "cpu" and rows.dtype == torch.float32 and torch.backends.mkldnn.is_available():
        return F.linear(values.T.contiguous().to_mkldnn(), rows).to_dense().T
    return rows @ values


def _from_gram(matrix: Float[Tensor, "rows columns"]) -> Float[Tensor, " columns"]:
    """Return the singular values of a matrix in falling order as roots of the eigenvalues of A^T A, in float64.

    On the CPU by NumPy, whose LAPACK takes two thirds of the time of PyTorch's on processors of AMD.
    """
    double = matrix.double()
    if double.device.type == "cpu":
        values = torch.from_numpy(np.linalg.eigvalsh(double.numpy().T @ double.numpy()))
    else:
        values = torch.linalg.eigvalsh(double.T @ double)
    return values.flip(0).clamp(min=0).sqrt()


def _squares(rows: Tensor) -> float:
    """Return the sum of squares, row by row in the precision of the rows and over the rows in double precision."""
    return torch.linalg.vector_norm(rows, dim=-1).square().sum(dtype=torch.float64).item()


def _orthonormal(columns: Tensor) -> Tensor:
    return torch.linalg.qr(columns).Q


def _exponential_tail(last: float, energy: float, count: int) -> Float[Tensor, " count"]:
    """Return last * exp(-k / decay), k = 1 ... count, with the decay for which the squares sum to the energy."""
    if count == 0 or last <= 0 or energy <= 0:
        return torch.zeros(count, dtype=torch.float64)
    step = torch.arange(1, count + 1, dtype=torch.float64)
    slow, fast = 0.0, 50.0  # per step; 50 leaves nothing
    for _ in range(60):
        rate = (slow + fast) / 2
        too_much = (last * torch.exp(-rate * step)).square().sum().item() > energy
        slow, fast = (rate, fast) if too_much else (slow, rate)
    return last * torch.exp(-(slow + fast) / 2 * step)
