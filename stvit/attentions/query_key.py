"""What attentions made of queries and keys have in common."""

from dataclasses import dataclass
from functools import cached_property

from jaxtyping import Float
from torch import Tensor

from stvit.attentions.base import Attention


@dataclass(frozen=True, eq=False)
class QueryKeyAttention(Attention):
    """Base of attentions that follow from queries and keys of one image.

    Attributes:
        query: Shape (heads, N, head_dim).
        key: Shape (heads, N, head_dim).
        scale: Factor of the logits, head_dim^-0.5 in STViT.
    """

    query: Float[Tensor, "heads tokens head_dim"]
    key: Float[Tensor, "heads tokens head_dim"]
    scale: float

    @cached_property
    def heads(self) -> int:
        """Number of heads."""
        return self.query.shape[0]

    @cached_property
    def num_tokens(self) -> int:
        """Number of tokens N."""
        return self.query.shape[1]

    @property
    def nbytes(self) -> int:
        """Bytes of the queries and keys."""
        return self.query.nbytes + self.key.nbytes
