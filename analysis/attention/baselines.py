"""Attentions to compare token attention with: global, local, uniform, identity, another association.

Global and local attention come from the same block's own q and k over all its tokens, that is, the attention
the block would have without super tokens. None of them holds an N x N matrix.
"""

from typing import overload

import torch
from jaxtyping import Float
from torch import Tensor

from analysis.attention.kinds import DEFAULT_WINDOW
from stvit import (
    Association,
    Attention,
    BlockRecord,
    DecomposedAttention,
    RowBlock,
    SoftmaxAttention,
    WindowedAttention,
)
from stvit.association import check_image
from stvit.captions import no_association
from stvit.capturing.association_swaps import Swap, swapped
from stvit.capturing.attention_record import AttentionRecord


@overload
def global_attention(record: BlockRecord, image: int = 0) -> SoftmaxAttention: ...
@overload
def global_attention(record: AttentionRecord, image: int = 0) -> Attention: ...
def global_attention(record: AttentionRecord, image: int = 0) -> Attention:
    """Return softmax(q k^T / sqrt(d)) over all tokens of a block, from the block's own weights.

    With cell 1, and in a backbone without windows, this is the attention of the block itself; in a block with windowed
    attention it is what q and k would do without windows and bias.

    Args:
        record: A captured block.
        image: Which image of the batch.

    Raises:
        IndexError: If the batch has no such image.
        NoAttentionError: If the block mixes its tokens by a convolution.
        RuntimeError: If the weights were changed after the capture.

    Example:
        >>> from stvit import BlockId, capture, create_model
        >>> cap = capture(create_model("stvit_demo", seed=0), torch.zeros(1, 3, 64, 64))
        >>> global_attention(cap[BlockId(0, 0)]).num_tokens
        256
    """
    check_image(image, record.batch_size)
    return record.global_attention(image)


def local_attention(
    record: AttentionRecord, window: int | tuple[int, int] = DEFAULT_WINDOW, image: int = 0
) -> WindowedAttention:
    """Return the attention of a block inside non-overlapping windows of tokens, from the block's own q and k.

    Args:
        record: A captured block.
        window: Tokens per window and axis, one number or (height, width).
        image: Which image of the batch.

    Raises:
        ValueError: If the window is not of at least 1 x 1 tokens.
        IndexError: If the batch has no such image.
        RuntimeError: If the weights were changed after the capture.

    Example:
        >>> from stvit import BlockId, capture, create_model
        >>> cap = capture(create_model("stvit_demo", seed=0), torch.zeros(1, 3, 64, 64))
        >>> local_attention(cap[BlockId(0, 0)], window=2).row(0).count_nonzero()
        tensor(4)
    """
    check_image(image, record.batch_size)
    query, key = record.token_query_key(image)
    return WindowedAttention(query, key, record.scale, record.grid.height, record.grid.width, window)


def swapped_attention(
    record: BlockRecord, association: Swap, image: int = 0, num_iters: int = 1
) -> DecomposedAttention:
    """Return the token attention of a block with another association in place of the learned one.

    The super tokens are sampled again from the block's tokens, and A(S) follows from them under the block's own
    weights. The tokens themselves stay as they were: to let a swap change the layers after it, run
    `stvit.capture(association=...)`.

    Args:
        record: A captured block.
        association: "grid", "hard" or "masked", labels of shape (H, W) or (B, H, W), an `Association`, or a rule;
            see `stvit.capturing.association_swaps.Swap`.
        image: Which image of the batch.
        num_iters: Sampling iterations, for "masked" only.

    Raises:
        ValueError: If the association does not fit the block's grid, or the block has windowed or no attention.
        IndexError: If the batch has no such image.
        RuntimeError: If the weights were changed after the capture.

    Example:
        >>> from stvit import BlockId, capture, create_model
        >>> cap = capture(create_model("stvit_demo", seed=0), torch.zeros(1, 3, 64, 64))
        >>> swapped_attention(cap[BlockId(0, 0)], "grid").row_sums().allclose(torch.ones(256))  # nothing leaks
        True
    """
    check_image(image, record.batch_size)
    if type(record) is not BlockRecord:
        raise ValueError(f"{no_association(record.id.caption)}.")
    tokens = record.tokens[image : image + 1]
    learned = record.association.select(image)
    used = swapped(_of_image(association, image), tokens, record.grid, learned, num_iters).to_sparse()
    super_tokens = used.sample(tokens.flatten(2).transpose(1, 2))
    query, key, _ = record.current_weights().qkv(super_tokens)
    return DecomposedAttention(used, SoftmaxAttention(query[0], key[0], record.scale))


def grid_attention(record: BlockRecord) -> Attention:
    """Return the token attention of a block's first image with the regular grid as its association.

    Without super tokens it is the block's own.
    """
    return record.token_attention() if record.grid.is_identity else swapped_attention(record, "grid")


def hard_attention(record: BlockRecord) -> Attention:
    """Return the token attention of a block's first image with each token in its heaviest super token alone.

    Without super tokens it is the block's own.
    """
    return record.token_attention() if record.grid.is_identity else swapped_attention(record, "hard")


def block_attention(record: AttentionRecord) -> Attention:
    """Return what a block computes: token attention, or the attention of a backbone."""
    return record.token_attention()


def uniform_attention(record: AttentionRecord) -> "UniformAttention":
    """Return uniform attention among the tokens of a block."""
    return UniformAttention(record.grid.num_tokens)


def identity_attention(record: AttentionRecord) -> "IdentityAttention":
    """Return the identity among the tokens of a block."""
    return IdentityAttention(record.grid.num_tokens)


class UniformAttention(Attention):
    """Every token attends to all tokens equally, 1 / N: the most redundant attention there is.

    Args:
        num_tokens: Number of tokens N.
        heads: Number of heads.

    Example:
        >>> UniformAttention(4).row(0)
        tensor([0.2500, 0.2500, 0.2500, 0.2500])
    """

    def __init__(self, num_tokens: int, heads: int = 1) -> None:
        self.num_tokens, self.heads = num_tokens, heads

    def head_rows(self, start: int, stop: int) -> RowBlock:
        """Return rows start to stop (excluded) of every head."""
        length = min(stop, self.num_tokens) - start
        weight = torch.full((self.heads, length, self.num_tokens), 1 / self.num_tokens)
        return RowBlock(start, weight, None, self.num_tokens)

    def column(self, token: int, head: int | None = None) -> Float[Tensor, " tokens"]:
        """Return who attends to a token, shape (N,): the attention is symmetric."""
        return self.row(token, head)


class IdentityAttention(Attention):
    """Every token attends to itself only: no exchange at all.

    Args:
        num_tokens: Number of tokens N.
        heads: Number of heads.

    Example:
        >>> IdentityAttention(3).row(1)
        tensor([0., 1., 0.])
    """

    def __init__(self, num_tokens: int, heads: int = 1) -> None:
        self.num_tokens, self.heads = num_tokens, heads

    def head_rows(self, start: int, stop: int) -> RowBlock:
        """Return rows start to stop (excluded) of every head: one entry each."""
        token = torch.arange(start, min(stop, self.num_tokens))[:, None]
        return RowBlock(start, torch.ones(self.heads, len(token), 1), token, self.num_tokens)

    def column(self, token: int, head: int | None = None) -> Float[Tensor, " tokens"]:
        """Return who attends to a token, shape (N,): the attention is symmetric."""
        return self.row(token, head)


def _of_image(association: Swap, image: int) -> Swap:
    """Return the part of labels or of an association that belongs to one image; one image serves any batch."""
    if isinstance(association, Tensor) and association.ndim == 3 and len(association) > 1:
        return association[image]
    if isinstance(association, Association) and len(association.weight) > 1:
        return association.select(image)
    return association
