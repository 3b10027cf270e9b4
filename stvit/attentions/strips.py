"""Q as dense pieces: neighbouring tokens share few super tokens, so each strip of them is one small matrix."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from stvit.grid import PHANTOM


@dataclass(frozen=True, eq=False)
class Strip:
    """Consecutive tokens whose part of Q is dense on the few super tokens that they use.

    Attributes:
        used: Super tokens in use.
        weight: Q of the strip, transposed, shape (used, tokens).
    """

    used: Int[Tensor, " used"]
    weight: Float[Tensor, "used tokens"]

    @classmethod
    def of(cls, index: Int[Tensor, "tokens k"], weight: Float[Tensor, "tokens k"]) -> "Strip":
        """Return the strip of these rows of Q; phantoms take no part."""
        used, position = numbered(index)
        dense = weight.new_zeros(len(used), len(index))
        return cls(used, dense.scatter_add_(0, position.T, (weight * (index != PHANTOM)).T))


class Strips:
    """All of Q, strip after strip.

    Args:
        index: Super tokens of each token; -1 is a phantom.
        weight: Their weights.
        length: Tokens of a strip.
        super_tokens: Number of super tokens M.

    Example:
        Two tokens in super token 0, one in super token 1:

        >>> strips = Strips(torch.tensor([[0], [0], [1]]), torch.ones(3, 1), length=2, super_tokens=2)
        >>> strips.pool(torch.tensor([[1.0, 2.0, 5.0]])), strips.spread(torch.tensor([[7.0, 8.0]]))
        (tensor([[3., 5.]]), tensor([[7., 7., 8.]]))
    """

    def __init__(
        self, index: Int[Tensor, "tokens k"], weight: Float[Tensor, "tokens k"], length: int, super_tokens: int
    ) -> None:
        edges = range(0, len(index), length)
        places = [slice(start, start + length) for start in edges]
        self._strips = [(place, Strip.of(index[place], weight[place])) for place in places]
        self._tokens, self._super_tokens = len(index), super_tokens

    def spread(self, cells: Float[Tensor, "*rows super_tokens"]) -> Float[Tensor, "*rows tokens"]:
        """Return C Q^T: what super tokens have, given to their tokens."""
        flat = cells.flatten(0, -2)
        result = flat.new_empty(len(flat), self._tokens)
        for place, strip in self._strips:
            torch.mm(flat[:, strip.used], strip.weight, out=result[:, place])
        return result.unflatten(0, cells.shape[:-1])

    def pool(self, values: Float[Tensor, "rows tokens"]) -> Float[Tensor, "rows super_tokens"]:
        """Return V Q: what tokens have, added up in their super tokens."""
        result = values.new_zeros(len(values), self._super_tokens)
        for place, strip in self._strips:
            result[:, strip.used] += values[:, place] @ strip.weight.T
        return result

    def gram(self) -> Float[Tensor, "super_tokens super_tokens"]:
        """Return Q^T Q in double precision."""
        first = self._strips[0][1].weight
        result = torch.zeros(self._super_tokens, self._super_tokens, dtype=torch.float64, device=first.device)
        for _, strip in self._strips:
            weight = strip.weight.double()
            result[strip.used[:, None], strip.used] += weight @ weight.T
        return result


def numbered(index: Int[Tensor, "tokens k"]) -> tuple[Int[Tensor, " used"], Int[Tensor, "tokens k"]]:
    """Return the super tokens in use in rising order, and the place there of each index; phantoms count as the first.

    What `unique` returns, which sorts the index and takes many times as long.

    Example:
        >>> numbered(torch.tensor([[4, 2], [-1, 2]]))
        (tensor([0, 2, 4]), tensor([[2, 1],
                [0, 1]]))
    """
    real = index.clamp(min=0)
    used = torch.zeros(int(real.max()) + 1, dtype=torch.bool, device=index.device).index_fill_(0, real.flatten(), True)
    return used.nonzero()[:, 0], (used.cumsum(0) - 1)[real]
