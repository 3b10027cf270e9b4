"""What happened in a block that mixes its tokens by windowed attention."""

from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from stvit.association import check_image
from stvit.attentions.windowed import WindowedAttention
from stvit.capturing.records import BlockRecord


@dataclass(frozen=True, eq=False)
class WindowRecord(BlockRecord):
    """A block whose tokens attend inside windows.

    Attributes:
        window: Side of the windows in tokens.
        shift: How far they are moved down and right on this grid, in tokens.
    """

    window: int
    shift: tuple[int, int]

    @property
    def own_window(self) -> int:
        """Side of the windows that the tokens attend in."""
        return self.window

    def token_attention(self, image: int = 0) -> WindowedAttention:
        """Return the block's own attention of one image: windows, shift and relative position bias included.

        Raises:
            IndexError: If the batch has no such image.
            RuntimeError: If the weights were changed after the capture.
        """
        check_image(image, self.batch_size)
        return WindowedAttention(
            self.super_query[image],
            self.super_key[image],
            self.scale,
            self.grid.height,
            self.grid.width,
            self.window,
            self.shift,
            self.relative_bias,
        )

    @property
    def relative_bias(self) -> Float[Tensor, "heads row_offsets column_offsets"] | None:
        """What each head adds to a logit by the offset of query and key, or None.

        Raises:
            RuntimeError: If the weights were changed after the capture.
        """
        return self.current_weights().relative_bias

    @cached_property
    def super_attention(self) -> Float[Tensor, "batch heads tokens tokens"]:
        """The block's own attention as a dense matrix, shape (B, heads, N, N)."""
        return torch.stack([self.token_attention(image).to_dense() for image in range(self.batch_size)])

    def _attention_times(self, values: Tensor) -> Tensor:
        images = enumerate(values)
        return torch.stack([self.token_attention(image).apply_heads(of_image) for image, of_image in images])
