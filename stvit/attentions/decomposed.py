"""Token attention Q A(S) Q-hat^T as its factors: exact rows, columns and products without N x N."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from math import prod

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from stvit.association import Association
from stvit.attentions.base import Attention, block_rows, even_step
from stvit.attentions.memory import borrowed
from stvit.attentions.rows import RowBlock, check_head, check_token, one_head
from stvit.attentions.shared_rows import add_up, parts_that_share, share_within_cache
from stvit.attentions.softmax import SoftmaxAttention
from stvit.attentions.strips import Strip, Strips, numbered
from stvit.grid import PHANTOM
from stvit.precision import at_least_single


@dataclass(frozen=True, eq=False)
class DecomposedAttention(Attention):
    """The N x N attention between tokens of one image, Q A(S) Q-hat^T, per head; rows are queries.

    Rows sum to 1 - leakage: phantoms take a part of Q, padding tokens and empty super tokens a part of Q-hat. Nothing
    is renormalised. Value and output projections are not part of it. A block with cell 1 uses the same class with
    Q = I.

    Attributes:
        association: Q of this image, batch size 1.
        super_attention: A(S) of this image.

    Example:
        Token 0 attends equally to both super tokens, and each of those to its two tokens:

        >>> from stvit import TokenGrid
        >>> halves = Association.from_labels(torch.tensor([[0, 0, 1, 1]]), TokenGrid(1, 4, (1, 2)), torch.zeros(1))
        >>> DecomposedAttention(halves, SoftmaxAttention(torch.zeros(1, 2, 8), torch.zeros(1, 2, 8), 1.0)).row(0)
        tensor([0.2500, 0.2500, 0.2500, 0.2500])
    """

    association: Association
    super_attention: SoftmaxAttention

    @cached_property
    def heads(self) -> int:
        """Number of heads."""
        return self.super_attention.heads

    @cached_property
    def num_tokens(self) -> int:
        """Number of tokens N."""
        return self.association.grid.num_tokens

    knows_singular_values = True

    @property
    def row_width(self) -> int:
        """Number of weights of a row, N."""
        return self.num_tokens

    @property
    def device(self) -> torch.device:
        """The device that holds its rows."""
        return self.association.weight.device

    @property
    def nbytes(self) -> int:
        """Bytes of the factors: Q (index and weight) and A(S) (as q and k, or dense where that is smaller)."""
        core = min(self.super_attention.nbytes, self.super_attention.dense_nbytes)
        return self.association.nbytes + core

    @property
    def dense_nbytes(self) -> int:
        """Bytes that the dense heads x N x N matrix would take."""
        return self.heads * self.num_tokens**2 * self._weight.element_size()

    @property
    def plain(self) -> Attention:
        """A(S) itself where the association is the identity, else this attention."""
        return self.super_attention if self._is_identity else self

    def head_rows(self, start: int, stop: int) -> RowBlock:
        """Return rows start to stop (excluded) of every head, in as few dense products as the factors allow.

        Columns are cut into strips of one row of cells: the nine super tokens of all tokens of a strip lie
        in only three rows of the grid, so a strip is one dense product instead of nine gathers.
        """
        if self._is_identity:
            return self.super_attention.head_rows(start, stop)
        return RowBlock(start, self._rows_of(slice(start, stop)), None, self.num_tokens)

    def chosen_rows(self, index: Int[Tensor, " rows"]) -> RowBlock:
        """Return the rows of chosen tokens, of every head."""
        if self._is_identity:
            return self.super_attention.chosen_rows(index)
        return RowBlock(0, self._rows_of(index), None, self.num_tokens, index)

    def some_rows(self, tokens: range | Int[Tensor, " rows"]) -> Iterator[RowBlock]:
        """Yield the rows of consecutive or chosen tokens block by block; consecutive ones cell by cell.

        Tokens that lie together use few super tokens, whose rows of A(S) Q-hat^T are multiplied once for all of
        them; the row of a token is then a product of its nine alone. Chosen ones may be too few for that.
        """
        row_bytes = self.heads * self.num_tokens * self._weight.element_size()
        if self._is_identity:
            yield from self.super_attention.some_rows(tokens)
        elif isinstance(tokens, range):
            for part in parts_that_share(self.association, tokens, row_bytes):
                yield from self._rows_that_share(part)
        elif share_within_cache(self._index[tokens], row_bytes):
            yield from self._rows_that_share(tokens)
        else:
            yield from super().some_rows(tokens)

    def rows(self, start: int, stop: int, head: int | None = None) -> Float[Tensor, "rows tokens"]:
        """Return rows start to stop (excluded), shape (stop - start, N); one row costs O(9 M + 9 N)."""
        check_head(head, self.heads)
        if self._is_identity:
            return self.super_attention.rows(start, stop, head)
        own = Strip.of(self._index[start:stop], self._weight[start:stop])
        mixed = one_head(self.super_attention.take(own.used), head)  # (used, M)
        return self._spread(own.weight.T @ mixed / self._normaliser)

    def column(self, token: int, head: int | None = None) -> Float[Tensor, " tokens"]:
        """Return who attends to a token (incoming), shape (N,); costs O(9 M + 9 N)."""
        check_token(token, self.num_tokens)
        check_head(head, self.heads)
        if self._is_identity:
            return self.super_attention.column(token, head)
        index, weight = self._index[token], self._weight[token]
        index, weight = index[index >= 0], weight[index >= 0]
        columns = one_head(self.super_attention.take_columns(index), head)  # (M, 9 or fewer)
        return self._spread((columns @ (weight / self._normaliser[index]))[None])[0]

    def apply(self, values: Float[Tensor, "tokens channels"], head: int | None = None) -> Tensor:
        """Return the attention times values (N, C), shape (N, C), without building it."""
        check_head(head, self.heads)
        return one_head(self.apply_heads(values.expand(self.heads, -1, -1)), head)

    def apply_heads(self, values: Float[Tensor, "heads tokens channels"]) -> Float[Tensor, "heads tokens channels"]:
        """Return each head's attention times its own values, shape (heads, N, C)."""
        sampled = self._each_head(self.association.sample, values)
        return self._each_head(self.association.upsample, self.super_attention.apply_heads(sampled))

    def apply_transposed(self, values: Float[Tensor, "tokens channels"], head: int | None = None) -> Tensor:
        """Return the transposed attention times values (N, C), shape (N, C)."""
        check_head(head, self.heads)
        mass = self._normaliser.unsqueeze(-1)
        pooled = self.association.sample(values[None])[0] * mass  # Q^T V
        spread = self.super_attention.apply_heads_transposed(pooled.expand(self.heads, -1, -1)) / mass
        return one_head(self._each_head(self.association.upsample, spread), head)

    def received(self) -> Float[Tensor, "heads tokens"] | None:
        """Return what each token receives from all rows, each divided by its sum, (heads, N); from the factors."""
        if self._is_identity:
            return None
        normaliser = self._normaliser
        kept = self._strips.pool(self._ones.T) / normaliser  # Q-hat^T 1
        mass = self._strips.spread(self._each_vector(self.super_attention.apply_heads, kept))
        share = torch.where(mass > 0, 1 / mass.clamp(min=torch.finfo(mass.dtype).tiny), 0)
        spread = self._each_vector(self.super_attention.apply_heads_transposed, self._strips.pool(share[:, 0]))
        return self._strips.spread(spread / normaliser)[:, 0]

    def singular_values(self, head: int | None = None) -> Float[Tensor, " super_tokens"]:
        """Return the singular values in falling order, shape (M,); the other N - M are exactly zero.

        With the Gram matrix G = Q^T Q and the column sums D of Q, they are those of W (D^(1/2) A(S) D^(-1/2)) W, where
        W is the square root of D^(-1/2) G D^(-1/2), taken in float64: an M x M problem, exact to about 1e-8 of the
        largest value.
        """
        check_head(head, self.heads)
        cells = self.super_attention.num_tokens
        core = self.super_attention.rows(0, cells, head).double()
        if self._is_identity:
            return torch.linalg.svdvals(core)
        root, scale = self._gram_root
        return torch.linalg.svdvals(root @ (scale[:, None] * core / scale) @ root)

    @property
    def _is_identity(self) -> bool:
        return self.association.is_identity

    @property
    def _index(self) -> Tensor:
        return self.association.index[0]

    @property
    def _weight(self) -> Tensor:
        return at_least_single(self.association.weight[0])

    @cached_property
    def _normaliser(self) -> Tensor:
        return self.association.normaliser[0]

    @cached_property
    def _strips(self) -> Strips:
        """Q, tokens of one row of cells after the other."""
        grid = self.association.grid
        return Strips(self._index, self._weight, grid.cell_size[0] * grid.width, grid.num_super_tokens)

    def _rows_of(self, tokens: slice | Tensor) -> Float[Tensor, "heads rows tokens"]:
        own = Strip.of(self._index[tokens], self._weight[tokens])
        return self._strips.spread(own.weight.T @ self._mixed(own.used))

    def _rows_that_share(self, tokens: Int[Tensor, " rows"]) -> Iterator[RowBlock]:
        """Yield the rows of tokens that lie together, from the rows of A(S) Q-hat^T of the super tokens they use."""
        index, weight = self._index[tokens], self._weight[tokens] * (self._index[tokens] != PHANTOM)
        used, near = numbered(index)
        shared = self._strips.spread(self._mixed(used))
        step = even_step(len(tokens), block_rows(self))
        with borrowed(self.heads * step * self.num_tokens, shared) as memory:
            for start in range(0, len(tokens), step):
                here = slice(start, start + step)
                shape = self.heads, len(tokens[here]), self.num_tokens
                rows = memory[: prod(shape)].view(shape)
                add_up(shared, near[here], weight[here], rows)
                yield RowBlock(0, rows, None, self.num_tokens, tokens[here])

    def _mixed(self, used: Int[Tensor, " used"]) -> Float[Tensor, "heads used super_tokens"]:
        """Return rows of A(S), divided by what Q-hat is divided by."""
        return self.super_attention.take(used) / self._normaliser

    def _each_vector(
        self, operation: Callable[[Tensor], Tensor], values: Float[Tensor, "heads_or_1 super_tokens"]
    ) -> Tensor:
        """Run an operation on one vector for each head, (heads, 1, M)."""
        return operation(values.expand(self.heads, -1)[:, :, None]).transpose(1, 2)

    def _spread(self, cells: Tensor) -> Tensor:
        """Give each token its nine cells' values times its weights, (rows, M) to (rows, N)."""
        padded = F.pad(cells, (0, 1))  # index -1, the phantom, reads the zero at the end
        result = cells.new_zeros(len(cells), self.num_tokens)
        for index, weight in zip(self._index.unbind(-1), self._weight.unbind(-1), strict=True):
            result += padded[:, index] * weight
        return result

    @cached_property
    def _gram_root(self) -> tuple[Tensor, Tensor]:
        """W, shape (M, M), and D^(1/2), shape (M,), of `singular_values` in float64, the same for all heads."""
        gram = self._strips.gram()
        scale = torch.where(gram.diagonal() > 0, self._normaliser.double(), 1).sqrt()  # 1: nobody's, but for epsilon
        values, vectors = torch.linalg.eigh(gram / scale / scale[:, None])
        return (vectors * values.clamp(min=0).sqrt()) @ vectors.T, scale

    @staticmethod
    def _each_head(operation: Callable[[Tensor], Tensor], values: Tensor) -> Tensor:
        """Run a batched operation with batch size 1 on every head at once, heads laid beside the channels."""
        heads, length, channels = values.shape
        flat = values.permute(1, 0, 2).reshape(1, length, heads * channels)
        return operation(flat)[0].reshape(-1, heads, channels).permute(1, 0, 2)
