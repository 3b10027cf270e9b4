"""Effective and stable rank of an attention: exact where that is affordable, a labelled estimate above.

The rank is that of the attention as it is; rows are not divided by their sums.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from analysis.redundancy.sketched_ranks import PASSES, estimated_sums
from analysis.redundancy.watch import Watch
from stvit import Attention

EXACT_TOKENS = 1024
"""Up to this many tokens the singular values of an attention without factors are computed exactly."""

EXACT_SHARE = 32
"""A decomposition of N x N takes as long as measuring N^3 / 32 weights of rows."""


@dataclass(frozen=True)
class Spectrum:
    """What ranks are made of: sums over the singular values of one head.

    Attributes:
        total: Sum sigma.
        logarithms: Sum sigma log sigma.
        squares: Sum sigma^2.
        largest: The largest sigma.
        exact: Whether they are the true ones, not an estimate.
    """

    total: float
    logarithms: float
    squares: float
    largest: float
    exact: bool = True

    @classmethod
    def of(cls, values: Float[Tensor, " count"]) -> "Spectrum":
        """Return the sums over exact singular values, of which zeros may be left out."""
        array = values.double().numpy(force=True)
        positive = array[array > 0]
        largest = positive.max(initial=0)
        return cls(
            float(positive.sum()), float(positive @ np.log(positive)), float(positive @ positive), float(largest)
        )


def effective_rank(spectrum: Spectrum) -> float:
    """Return exp(- sum p log p) with p = sigma / sum sigma (Roy and Vetterli, EUSIPCO 2007); 0 for a zero matrix.

    Example:
        >>> round(effective_rank(Spectrum.of(torch.ones(3))), 3)
        3.0
    """
    if spectrum.total <= 0:
        return 0.0
    return float(spectrum.total * np.exp(-spectrum.logarithms / spectrum.total))


def stable_rank(spectrum: Spectrum) -> float:
    """Return sum sigma^2 / sigma_1^2 (Rudelson and Vershynin, 2007); 0 for a zero matrix.

    Example:
        >>> stable_rank(Spectrum.of(torch.tensor([2.0, 1.0])))  # (4 + 1) / 4
        1.25
    """
    return spectrum.squares / spectrum.largest**2 if spectrum.largest > 0 else 0.0


def spectrum(attention: Attention, head: int, exact_tokens: int = EXACT_TOKENS, watch: Watch | None = None) -> Spectrum:
    """Return the sums over the singular values of one head.

    Exact, to about 1e-8 of the largest, for attentions with a specialised method (token attention by its
    factors, local attention window by window) and for all others up to `exact_tokens` tokens. Above, an estimate:
    see `analysis.redundancy.sketched_ranks`.

    Args:
        attention: Any attention.
        head: Which head.
        exact_tokens: Largest number of tokens for which a dense N x N decomposition is done.
        watch: Counts the work, see `spectrum_work`.

    Example:
        >>> from analysis import DenseAttention
        >>> spectrum(DenseAttention(2 * torch.eye(3)[None]), head=0).total
        6.0
    """
    known = known_spectrum(attention, head)
    if known is not None:
        return known
    attention, watch = attention.plain, watch or Watch(0)
    with _naming(head):
        if attention.num_tokens > exact_tokens:
            return Spectrum(*estimated_sums(attention, head, watch=watch), exact=False)
        values = _from_gram(attention.rows(0, attention.num_tokens, head))
    watch.advance(spectrum_work(attention, exact_tokens))
    return Spectrum.of(values)


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
    """Return the sums over the singular values of one head if there is a fast way to the exact ones, else None."""
    if not attention.plain.knows_singular_values:
        return None
    with _naming(head):
        known = attention.plain.singular_values(head)
    return None if known is None else Spectrum.of(known)


@contextmanager
def _naming(head: int) -> Iterator[None]:
    """Say of which head a decomposition failed."""
    try:
        yield
    except (np.linalg.LinAlgError, torch.linalg.LinAlgError) as error:
        raise ValueError(
            f"Head {head + 1} has no singular values: the attention holds numbers that are not finite."
        ) from error


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
