"""The interface that analysis needs from the record of one block, whether of an STViT or of a backbone."""

from typing import Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from stvit.attentions.base import Attention
from stvit.grid import TokenGrid
from stvit.model import BlockId


@runtime_checkable
class AttentionRecord(Protocol):
    """The attention of one block, for one or several images."""

    @property
    def id(self) -> BlockId:
        """Which block."""

    @property
    def grid(self) -> TokenGrid:
        """Layout of the tokens."""

    @property
    def tokens(self) -> Float[Tensor, "batch channels height width"]:
        """Input of the attention."""

    @property
    def batch_size(self) -> int:
        """Number of images."""

    @property
    def heads(self) -> int:
        """Number of heads."""

    @property
    def scale(self) -> float:
        """Factor of the logits q k^T."""

    @property
    def token_pixels(self) -> int:
        """Pixels of the picture per token and axis."""

    def select(self, image: int) -> "AttentionRecord":
        """Return the record of one image, with batch size 1."""

    def leakage(self, head: int | None = None) -> Float[Tensor, "batch height width"]:
        """Return the attention mass each token loses: 1 - row sums of token attention."""

    def token_attention(self, image: int = 0) -> Attention:
        """Return the attention of the block among the tokens of one image."""

    def global_attention(self, image: int = 0) -> Attention:
        """Return softmax(q k^T * scale) over all tokens, which the block may or may not compute itself."""

    def token_query_key(self, image: int = 0) -> tuple[Tensor, Tensor]:
        """Return q and k of the tokens of one image, each (heads, N, head_dim)."""
