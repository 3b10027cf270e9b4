"""What the capture of a backbone holds: one frozen record per block, and all of them for one run."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from analysis.backbones.layouts import Layout
from analysis.backbones.part import PartAttention
from stvit import Attention, BlockId, SoftmaxAttention, TokenGrid
from stvit.association import check_image
from stvit.attentions.rows import check_head
from stvit.capturing.captured_blocks import BlockResult, CapturedBlocks


@dataclass(frozen=True, eq=False)
class BackboneRecord(BlockResult):
    """The attention of one block of a backbone; a `stvit.capturing.attention_record.AttentionRecord`.

    Attributes:
        id: Which block: stage and block of a Swin, (0, layer) otherwise.
        token_pixels: Pixels of the picture per token and axis.
        tokens: Input of the attention without class, register and padding tokens, shape (B, C, H, W).
        query: Of all tokens that take part, these included, shape (B, heads, all tokens, head_dim).
        key: Of the same, same shape.
        layout: Which tokens these are.
    """

    id: BlockId
    token_pixels: int
    tokens: Float[Tensor, "batch channels height width"]
    query: Float[Tensor, "batch heads all_tokens head_dim"]
    key: Float[Tensor, "batch heads all_tokens head_dim"]
    layout: Layout

    @property
    def grid(self) -> TokenGrid:
        """Layout of the tokens of the picture."""
        return self.layout.grid

    @property
    def heads(self) -> int:
        """Number of heads."""
        return self.layout.heads

    @property
    def scale(self) -> float:
        """Factor of the attention logits."""
        return self.layout.scale

    @property
    def batch_size(self) -> int:
        """Number of images."""
        return len(self.tokens)

    @property
    def is_finite(self) -> bool:
        """Whether the tokens, queries and keys are all numbers."""
        return all(bool(part.isfinite().all()) for part in (self.tokens, self.query, self.key))

    @property
    def nbytes(self) -> int:
        """Bytes of the captured tensors."""
        return self.tokens.nbytes + self.query.nbytes + self.key.nbytes

    def select(self, image: int) -> "BackboneRecord":
        """Return the record of one image, with batch size 1.

        Raises:
            IndexError: If the batch has no such image.
        """
        check_image(image, self.batch_size)
        part = slice(image, image + 1)
        return replace(self, tokens=self.tokens[part], query=self.query[part], key=self.key[part])

    def whole_attention(self, image: int = 0) -> Attention:
        """Return the attention among all tokens of one image, including those without a position in the picture.

        Their numbers stand in `layout`.

        Raises:
            IndexError: If the batch has no such image.
        """
        check_image(image, self.batch_size)
        return self.layout.attention(self.query[image], self.key[image])

    def token_attention(self, image: int = 0) -> Attention:
        """Return the attention of the block among the tokens of the picture.

        Rows sum to 1 - what class, register and padding tokens receive, see `leakage`.

        Raises:
            IndexError: If the batch has no such image.
        """
        whole = self.whole_attention(image)
        return PartAttention(whole, self._picture) if self.layout.others else whole

    def token_query_key(self, image: int = 0) -> tuple[Tensor, Tensor]:
        """Return q and k of the tokens of the picture, each (heads, N, head_dim).

        Raises:
            IndexError: If the batch has no such image.
        """
        check_image(image, self.batch_size)
        return self.query[image][:, self._picture], self.key[image][:, self._picture]

    def global_attention(self, image: int = 0) -> Attention:
        """Return softmax(q k^T * scale) over all tokens.

        The attention of the block itself where it has no windows. Otherwise what the same q and k would give without
        windows and without the position bias, which says nothing of tokens further away than a window.

        Raises:
            IndexError: If the batch has no such image.
        """
        if self.layout.is_global:
            return self.token_attention(image)
        return SoftmaxAttention(*self.token_query_key(image), self.scale)

    def class_row(self, head: int | None = None, image: int = 0) -> Float[Tensor, " tokens"]:
        """Return what the class token attends to, shape (N,): its map, row by row over the picture.

        Its sum is 1 - what the class token gives to itself and to register and distillation tokens.

        Args:
            head: Which head; None for the mean.
            image: Which image of the batch.

        Raises:
            ValueError: If the model has no class token.
            IndexError: If there is no such head or image.
        """
        if "class" not in self.layout.others:
            raise ValueError("This backbone has no class token: its prediction is a mean over all tokens.")
        return self.whole_attention(image).row(int(self.layout.others["class"][0]), head)[self._picture]

    def other_mass(self, head: int | None = None) -> dict[str, Float[Tensor, "batch height width"]]:
        """Return how much each token gives to those without a position in the picture, by kind, each (B, H, W).

        Kinds are "class", "distillation", "registers" and "padding", as far as the model has them.

        Raises:
            IndexError: If there is no such head.
        """
        check_head(head, self.heads)
        parts = [PartAttention(self.whole_attention(image), self._picture) for image in range(self.batch_size)]
        return {
            name: self._stacked([part.mass_on(numbers.to(self.query.device), head) for part in parts])
            for name, numbers in self.layout.others.items()
        }

    def leakage(self, head: int | None = None) -> Float[Tensor, "batch height width"]:
        """Return the attention mass each token gives to tokens without a position, shape (B, H, W): 1 - row sums.

        The sum of `other_mass`; 0 where there are none.
        """
        masses = list(self.other_mass(head).values())
        return sum(masses[1:], masses[0]) if masses else self.tokens.new_zeros(self.tokens[:, 0].shape)

    @property
    def _picture(self) -> Tensor:
        return self.layout.picture.to(self.query.device)

    def _stacked(self, maps: list[Tensor]) -> Tensor:
        return torch.stack(maps).unflatten(1, (self.grid.height, self.grid.width))


class BackboneCapture(CapturedBlocks[BackboneRecord]):
    """The result of one run of a backbone."""
