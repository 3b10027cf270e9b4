"""The association Q between tokens and super tokens in its general form, and the operations on it.

`Association` holds k weighted super tokens for each token, whatever made them: a softmax, labels, a file. The model
itself runs the other form, `stvit.cell_association.CellAssociation`; tests check that both give the same `sample`
(Q-hat^T X) and `upsample` (Q S).

Both reproduce two properties of the released model: a neighbour outside the grid (a phantom) takes softmax mass that
is then dropped, so rows of Q sum to 1 - leakage; padding tokens take part in the column sums, so columns of Q-hat
sum, over the real tokens, to 1 - the share of the padding.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from stvit.grid import PHANTOM, TokenGrid
from stvit.precision import at_least_single

EPSILON = 1e-12
"""Added to column sums before division, as in the released model."""


def check_image(image: int, batch: int) -> None:
    """Raise an IndexError that lists the valid images if the batch has no such image."""
    if not 0 <= image < batch:
        raise IndexError(f"Image {image} does not exist; this batch has images 0 to {batch - 1}.")


@dataclass(frozen=True, eq=False)
class Association:
    """A k-sparse soft assignment Q of tokens to super tokens.

    Attributes:
        index: Super tokens of each token, shape (B, N, k); -1 is a phantom, whose weight is lost.
        weight: Their weights, shape (B, N, k); each row sums to 1, phantoms included.
        grid: The layout that index refers to.
        padding_mass: Weight that padding tokens put on each super token, shape (B, M).
    """

    index: Int[Tensor, "batch tokens k"]
    weight: Float[Tensor, "batch tokens k"]
    grid: TokenGrid
    padding_mass: Float[Tensor, "batch super_tokens"]

    def __post_init__(self) -> None:
        """Check that the parts are consistent with each other."""
        batch, (tokens, cells) = len(self.weight), (self.grid.num_tokens, self.grid.num_super_tokens)
        fits = self.weight.shape[1] == tokens and self.padding_mass.shape == (batch, cells)
        if not fits or self.index.shape != self.weight.shape:
            raise ValueError(
                f"An association on {self.grid} needs index and weight of {tokens} tokens and padding_mass "
                f"of {cells} super tokens, all of one batch size, got index {tuple(self.index.shape)}, weight "
                f"{tuple(self.weight.shape)}, padding_mass {tuple(self.padding_mass.shape)}."
            )

    @classmethod
    def identity(cls, grid: TokenGrid, like: Float[Tensor, "batch ..."]) -> "Association":
        """Return the association of cell 1: every token is its own super token.

        Example:
            >>> Association.identity(TokenGrid(1, 3), torch.zeros(1)).labels()
            tensor([[0, 1, 2]])
        """
        tokens = torch.arange(grid.num_tokens, device=like.device).expand(len(like), -1)
        return cls._hard(tokens, grid, like)

    @classmethod
    def from_labels(
        cls, labels: Int[Tensor, "batch tokens"], grid: TokenGrid, like: Float[Tensor, "batch ..."]
    ) -> "Association":
        """Return a hard association from one super token per token.

        Args:
            labels: Super token of each token, shape (B, N), from 0 to M - 1.
            grid: The layout.
            like: A tensor whose batch size, dtype and device the weights take.

        Raises:
            ValueError: If a label is not the number of a super token of the grid.

        Example:
            >>> halves = torch.tensor([[0, 0, 1, 1]])
            >>> Association.from_labels(halves, TokenGrid(1, 4, (1, 2)), torch.zeros(1)).column_mass
            tensor([[2., 2.]])
        """
        if labels.numel() and not (int(labels.min()) >= 0 and int(labels.max()) < grid.num_super_tokens):
            raise ValueError(
                f"Labels must lie between 0 and {grid.num_super_tokens - 1} (the grid has "
                f"{grid.rows} x {grid.columns} super tokens), got {int(labels.min())} to {int(labels.max())}."
            )
        return cls._hard(labels.to(like.device), grid, like)

    @classmethod
    def _hard(cls, labels: Tensor, grid: TokenGrid, like: Tensor) -> "Association":
        """Put all mass of each token on its label, without reading the values (they may be on any device)."""
        index = labels.unsqueeze(-1)
        return cls(index, like.new_ones(index.shape), grid, like.new_zeros(len(index), grid.num_super_tokens))

    @cached_property
    def is_identity(self) -> bool:
        """Whether every token is its own super token with weight 1, as in blocks with cell 1."""
        if not (self.grid.is_identity and self.index.shape[-1] == 1):
            return False
        own = torch.arange(self.grid.num_tokens, device=self.index.device)
        return bool((self.index[..., 0] == own).all() and (self.weight == 1).all())

    @cached_property
    def column_mass(self) -> Float[Tensor, "batch super_tokens"]:
        """Column sums of Q, padding included, shape (B, M); in single precision at least."""
        return self._scatter(self.weight.new_ones(1, 1, 1)).squeeze(-1) + self.padding_mass

    @cached_property
    def normaliser(self) -> Float[Tensor, "batch super_tokens"]:
        """What Q-hat divides by, shape (B, M): column sums + 1e-12; exactly 1 for the identity."""
        return self.column_mass if self.is_identity else self.column_mass + EPSILON

    @cached_property
    def lost_share(self) -> Float[Tensor, "batch super_tokens"]:
        """Share of each super token that belongs to no real token, shape (B, M), between 0 and 1.

        1 - Q-hat^T 1: the share of the padding tokens, and 1 for a super token that no token belongs to.
        """
        if self.is_identity:
            return 1 - self.column_mass
        return (at_least_single(self.padding_mass) + EPSILON) / self.normaliser

    @property
    def nbytes(self) -> int:
        """Bytes of the distinct numbers held (an index shared by the batch counts once)."""
        index = self.index if self.index.stride(0) else self.index[:1]
        return index.nbytes + self.weight.nbytes + self.padding_mass.nbytes

    def sample(self, values: Float[Tensor, "batch tokens channels"]) -> Float[Tensor, "batch cells channels"]:
        """Average values into super tokens, Q-hat^T X, shape (B, M, C); padding tokens count as zero."""
        return (self._scatter(values) / self.normaliser.unsqueeze(-1)).to(values.dtype)

    def upsample(self, values: Float[Tensor, "batch cells channels"]) -> Float[Tensor, "batch tokens channels"]:
        """Map super tokens back to tokens, Q S, shape (B, N, C); phantoms contribute nothing."""
        padded = F.pad(values, (0, 0, 0, 1))  # index -1, the phantom, reads the row of zeros
        batch = torch.arange(len(values), device=values.device)[:, None]
        result = values.new_zeros(len(values), self.grid.num_tokens, values.shape[-1])
        for index, weight in zip(self.index.unbind(-1), self.weight.unbind(-1), strict=True):
            result = result + padded[batch, index] * weight.unsqueeze(-1)
        return result

    def labels(self) -> Int[Tensor, "batch tokens"]:
        """Return the heaviest real super token of each token, shape (B, N)."""
        best = self.weight.masked_fill(self.index == PHANTOM, -1).argmax(-1, keepdim=True)
        return self.index.gather(-1, best).squeeze(-1)

    def leakage(self) -> Float[Tensor, "batch tokens"]:
        """Return the mass that phantoms took from each token, shape (B, N), between 0 and 1."""
        return (self.weight * (self.index == PHANTOM)).sum(-1)

    def select(self, image: int) -> "Association":
        """Return the association of one image, with batch size 1.

        Raises:
            IndexError: If the batch has no such image.
        """
        check_image(image, len(self.weight))
        if len(self.weight) == 1:  # a copy would work its cached properties out again
            return self
        part = slice(image, image + 1)
        return Association(self.index[part], self.weight[part], self.grid, self.padding_mass[part])

    def to_sparse(self) -> "Association":
        """Return self: this is already the general form."""
        return self

    def at_least_single(self) -> "Association":
        """Return the same Q with weights in single precision if they are narrower, else self."""
        if at_least_single(self.weight) is self.weight:
            return self
        return replace(self, weight=at_least_single(self.weight), padding_mass=at_least_single(self.padding_mass))

    def _scatter(self, values: Float[Tensor, "batch_or_1 tokens_or_1 channels"]) -> Tensor:
        """Add values (B, N, C), weighted, to their super tokens: Q^T X, (B, M, C); phantoms' share is dropped."""
        cells = self.grid.num_super_tokens
        target = torch.where(self.index == PHANTOM, cells, self.index)  # phantoms go to a spare row
        values = at_least_single(values)
        total = values.new_zeros(len(target), cells + 1, values.shape[-1])
        for index, weight in zip(target.unbind(-1), self.weight.unbind(-1), strict=True):
            part = (weight.unsqueeze(-1) * values).to(values.dtype)
            total = total.scatter_add(1, index.unsqueeze(-1).expand_as(part), part)
        return total[:, :cells]


def regular_grid(grid: TokenGrid, like: Float[Tensor, "batch ..."]) -> Association:
    """Return the association of the plain grid: each token belongs to the super token of its own cell.

    Padding tokens take no part, so a super token is the average of the real tokens of its cell.

    Example:
        >>> regular_grid(TokenGrid(2, 4, 2), torch.zeros(1)).labels()
        tensor([[0, 0, 1, 1, 0, 0, 1, 1]])
    """
    return Association._hard(grid.cell_index.to(like.device).expand(len(like), -1), grid, like)
