"""The protocol that every attention of this library offers: rows on demand, never N x N at once.

Token attention (`stvit.DecomposedAttention`), global attention (`stvit.SoftmaxAttention`) and the baselines of
`analysis.baselines` all are row sources, so each metric is written once for all of them.
"""

from typing import Protocol, runtime_checkable

from torch import Tensor


@runtime_checkable
class RowSource(Protocol):
    """An attention between the N tokens of one image that gives rows in blocks; rows are queries.

    Wherever `head` is asked for, None means the mean over heads. Rows need not sum to 1: token attention loses
    mass to phantoms and padding.
    """

    @property
    def heads(self) -> int:
        """Number of heads."""

    @property
    def num_tokens(self) -> int:
        """Number of tokens N."""

    def rows(self, start: int, stop: int, head: int | None = None) -> Tensor:
        """Return rows start to stop (excluded), shape (stop - start, N)."""

    def row(self, token: int, head: int | None = None) -> Tensor:
        """Return what a token attends to (outgoing), shape (N,)."""

    def column(self, token: int, head: int | None = None) -> Tensor:
        """Return who attends to a token (incoming), shape (N,)."""


@runtime_checkable
class SparseRowSource(RowSource, Protocol):
    """A row source whose rows hold few nonzeros, given directly so that nobody streams zeros."""

    def sparse_rows(self, start: int, stop: int) -> tuple[Tensor, Tensor]:
        """Return the entries of every head, shape (heads, rows, k), and their tokens, shape (rows, k).

        Surplus places hold weight 0 and any valid token.
        """
