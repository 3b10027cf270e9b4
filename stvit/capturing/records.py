"""The results of a capture: one frozen record per block, and the collection of them for one run."""

from dataclasses import dataclass, field, replace
from functools import cached_property

import torch
from jaxtyping import Float, Int
from torch import Tensor

from stvit.association import Association, check_image
from stvit.attentions.decomposed import DecomposedAttention
from stvit.attentions.rows import check_head
from stvit.attentions.softmax import SoftmaxAttention, attention_logits
from stvit.attentions.windowed import WindowedAttention
from stvit.capturing.captured_blocks import BlockResult, CapturedBlocks
from stvit.capturing.mixer_weights import AttentionWeights, MixerWeights
from stvit.cell_association import AnyAssociation
from stvit.grid import TokenGrid
from stvit.model import BlockId
from stvit.precision import at_least_single


class NoAttentionError(ValueError):
    """An attention was requested from a block that mixes its tokens by a convolution."""

    def __init__(self, block: BlockId) -> None:
        super().__init__(
            f"{block.caption.capitalize()} mixes its tokens by a convolution and has no attention; look at its "
            "`kernel`, or at another block."
        )


@dataclass(frozen=True, eq=False)
class BlockRecord(BlockResult):
    """Everything that happened in the attention of one block.

    Where the block mixes its tokens neither through super tokens nor by global attention, it is a
    `WindowRecord` or a `ConvRecord`; Q is then the identity, as with cell 1.

    Attributes:
        id: Which block.
        grid: Layout of tokens and super tokens.
        tokens: Input of the attention X (after CPE and norm), shape (B, C, H, W).
        used_association: Q in the form that the model used.
        super_tokens: Q-hat^T X, before the attention, shape (B, C, rows, columns).
        super_query: q of the super tokens, shape (B, heads, M, head_dim).
        super_key: k of the super tokens, shape (B, heads, M, head_dim).
        output: Output of the attention, before its residual, shape (B, C, H, W).
        weights: The block's projections.
        residual_norm: Norm over channels of what the attention is added to, by token, shape (B, H, W).
        added_norm: Norm of what is added: the output, scaled where the block has a LayerScale, shape (B, H, W).
    """

    id: BlockId
    grid: TokenGrid
    tokens: Float[Tensor, "batch channels height width"]
    used_association: AnyAssociation
    super_tokens: Float[Tensor, "batch channels rows columns"]
    super_query: Float[Tensor, "batch heads super_tokens head_dim"]
    super_key: Float[Tensor, "batch heads super_tokens head_dim"]
    output: Float[Tensor, "batch channels height width"]
    weights: MixerWeights
    residual_norm: Float[Tensor, "batch height width"] = field(kw_only=True)
    added_norm: Float[Tensor, "batch height width"] = field(kw_only=True)

    @property
    def heads(self) -> int:
        """Number of heads."""
        return self.weights.heads

    @property
    def has_attention(self) -> bool:
        """Whether the block mixes its tokens by an attention; a convolution does not."""
        return self.heads > 0

    @property
    def is_finite(self) -> bool:
        """Whether the output is all numbers."""
        return bool(self.output.isfinite().all())

    @property
    def own_window(self) -> int | None:
        """Side of the windows that the tokens attend in, None if they are not in windows."""
        return None

    @property
    def batch_size(self) -> int:
        """Number of images."""
        return len(self.tokens)

    @property
    def scale(self) -> float:
        """Factor of the attention logits, head_dim^-0.5."""
        return self.super_query.shape[-1] ** -0.5

    @property
    def token_pixels(self) -> int:
        """Pixels of the picture per token and axis."""
        return self.id.stride

    @cached_property
    def association(self) -> Association:
        """Q, index and weight (B, N, k), in single precision at least."""
        return self.used_association.to_sparse().at_least_single()

    @cached_property
    def super_attention(self) -> Float[Tensor, "batch heads super_tokens super_tokens"]:
        """A(S), shape (B, heads, M, M); rows are queries, in single precision at least."""
        query, key = at_least_single(self.super_query), at_least_single(self.super_key)
        return attention_logits(query, key, self.scale).softmax(-1)

    def select(self, image: int) -> "BlockRecord":
        """Return the record of one image, with batch size 1.

        Raises:
            IndexError: If the batch has no such image.
        """
        part = slice(image, image + 1)
        return replace(
            self,
            used_association=self.association.select(image),
            tokens=self.tokens[part],
            super_tokens=self.super_tokens[part],
            super_query=self.super_query[part],
            super_key=self.super_key[part],
            output=self.output[part],
            residual_norm=self.residual_norm[part],
            added_norm=self.added_norm[part],
        )

    def labels(self) -> Int[Tensor, "batch height width"]:
        """Return the hard assignment: the heaviest super token of each token, shape (B, H, W)."""
        return self._on_grid(self.association.labels())

    def leakage(self, head: int | None = None) -> Float[Tensor, "batch height width"]:
        """Return the attention mass each token loses, shape (B, H, W): 1 - row sums of token attention.

        The sum of `phantom_leakage` and `padding_leakage`; None is the mean over heads.
        """
        return self.phantom_leakage() + self.padding_leakage(head)

    def phantom_leakage(self) -> Float[Tensor, "batch height width"]:
        """Return the part that neighbours outside the grid took from Q, shape (B, H, W), same in all heads."""
        return self._on_grid(self.association.leakage())

    def padding_leakage(self, head: int | None = None) -> Float[Tensor, "batch height width"]:
        """Return the part that goes to padding tokens or to empty super tokens, shape (B, H, W)."""
        check_head(head, self.heads)
        if self.association.is_identity:
            return self._on_grid(torch.zeros_like(self.association.weight[..., 0]))
        attention = self.super_attention.mean(1) if head is None else self.super_attention[:, head]
        lost = attention @ self.association.lost_share.unsqueeze(-1)
        return self._on_grid(self.association.upsample(lost)[..., 0])

    def token_attention(self, image: int = 0) -> DecomposedAttention | WindowedAttention:
        """Return Q A(S) Q-hat^T of one image as its factors.

        Raises:
            IndexError: If the batch has no such image.
        """
        association = self.association.select(image)
        core = SoftmaxAttention(self.super_query[image], self.super_key[image], self.scale)
        return DecomposedAttention(association, core)

    def token_query_key(self, image: int = 0) -> tuple[Tensor, Tensor]:
        """Return q and k of all tokens under the block's own weights, each (heads, N, head_dim).

        Global and local attention, as they would be without super tokens, are computed from these.
        """
        check_image(image, self.batch_size)
        if self.grid.is_identity:
            return self.super_query[image], self.super_key[image]
        query, key, _ = self.current_weights().qkv(self._sequence(self.tokens[image : image + 1]))
        return query[0], key[0]

    def global_attention(self, image: int = 0) -> SoftmaxAttention:
        """Return softmax(q k^T / sqrt(d)) over all tokens under the block's own weights.

        With cell 1 this is the attention of the block itself.
        """
        return SoftmaxAttention(*self.token_query_key(image), self.scale)

    def replay(self) -> Float[Tensor, "batch channels height width"]:
        """Compute the output again from the factors: Q proj(A(S) Q-hat^T (X W_v + b_v)).

        Padding tokens are zero, so their value is b_v: they enter through their share of Q-hat.
        """
        weights, tokens = self.current_weights(), self._sequence(self.tokens)
        _, _, value = weights.qkv(tokens)  # (B, heads, N, head_dim)
        _, _, at_zero = weights.qkv(torch.zeros_like(tokens[:, :1]))
        sampled = self.association.sample(_joined(value))  # (B, M, C)
        sampled = sampled + self.association.lost_share.unsqueeze(-1).to(sampled.dtype) * _joined(at_zero)
        cells = sampled.unflatten(2, (self.heads, -1)).transpose(1, 2)  # (B, heads, M, head_dim)
        mixed = _joined(self._attention_times(cells))
        output = self.association.upsample(weights.project(mixed))
        return output.transpose(1, 2).unflatten(2, (self.grid.height, self.grid.width))

    def replay_error(self) -> float:
        """Return max |replayed - actual| over the output of the block, at most 1e-5 in float32.

        On CUDA that needs `torch.backends.cudnn.allow_tf32 = False` at the time of the capture.
        """
        return (self.replay() - self.output).abs().max().item()

    @property
    def nbytes(self) -> int:
        """Bytes of the captured tensors (the weights belong to the model)."""
        features = (self.tokens, self.super_tokens, self.super_query, self.super_key, self.output)
        tensors = (*features, self.residual_norm, self.added_norm)
        return sum(tensor.nbytes for tensor in tensors) + self.association.nbytes

    def _attention_times(self, values: Tensor) -> Tensor:
        images = [
            SoftmaxAttention(query, key, self.scale).apply_heads(value)
            for query, key, value in zip(self.super_query, self.super_key, values, strict=True)
        ]
        return torch.stack(images)

    def current_weights(self) -> AttentionWeights:
        """Return the block's projections, provided that they have not changed since the capture.

        Raises:
            NoAttentionError: If the block has no attention.
            RuntimeError: If somebody wrote to them since (training or loading).
        """
        self.check_unchanged()
        if not isinstance(self.weights, AttentionWeights):
            raise NoAttentionError(self.id)
        return self.weights

    def check_unchanged(self) -> None:
        """Check that the weights have not changed since the capture.

        Raises:
            RuntimeError: If somebody wrote to them since (training or loading).
        """
        if not self.weights.is_unchanged:
            raise RuntimeError(
                f"The weights of {self.id.caption} were changed after this capture (training or loading), so its "
                "projections no longer fit; capture again."
            )

    def _sequence(self, features: Tensor) -> Tensor:
        return features.flatten(2).transpose(1, 2)

    def _on_grid(self, per_token: Tensor) -> Tensor:
        return per_token.unflatten(1, (self.grid.height, self.grid.width))


def _joined(heads: Tensor) -> Tensor:
    """Join the heads (B, heads, L, head_dim) into channels, (B, L, C)."""
    return heads.transpose(1, 2).flatten(2)


class Capture(CapturedBlocks[BlockRecord]):
    """The result of one run of an STViT: logits and, block by block, what the attention did."""

    def replay_error(self) -> float:
        """Return the largest replay error of all captured blocks."""
        return max((record.replay_error() for record in self.records.values()), default=0.0)
