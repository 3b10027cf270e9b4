"""What attention adds to one token, piece by piece: values, heads, the projection's bias, and the residual."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from stvit import BlockRecord
from stvit.capturing.records import NoAttentionError
from stvit.precision import at_least_single


@dataclass(frozen=True, eq=False)
class TokenOutput:
    """What the attention of a block adds to one token; C channels, split among heads of D channels each.

    Attributes:
        value: The token's own value W_v x + b_v, by head, shape (heads, D).
        super_values: Values of the super tokens, W_v s + b_v, the means of their tokens' values, shape (heads, M, D).
        by_head: What each head adds to the output, after the projection, shape (heads, C).
        bias: What the projection's bias adds: the bias times the token's row mass of Q, shape (C,).
        row_mass: Sum of the token's row of Q over real super tokens; phantoms took the rest.
        bias_norm: Norm of the projection's bias itself.
        residual_norm: Norm of what the attention is added to.
        added_norm: Norm of what is added: the output, scaled where the block has a LayerScale.
    """

    value: Float[np.ndarray, "heads head_dim"]
    super_values: Float[np.ndarray, "heads super_tokens head_dim"]
    by_head: Float[np.ndarray, "heads channels"]
    bias: Float[np.ndarray, " channels"]
    row_mass: float
    bias_norm: float
    residual_norm: float
    added_norm: float

    @property
    def output(self) -> Float[np.ndarray, " channels"]:
        """The output of the attention for the token: all heads and the bias together."""
        return np.asarray(self.by_head.sum(0) + self.bias)

    @property
    def norms(self) -> Float[np.ndarray, " pieces"]:
        """Norm of what each head and, last, the bias adds."""
        return np.linalg.norm(np.vstack([self.by_head, self.bias]), axis=1)

    @property
    def shares(self) -> Float[np.ndarray, " pieces"]:
        """Part of the output that each head and, last, the bias makes: y . o / |o|^2.

        They add up to 1; a piece that points against the output has a negative share. All are 0 where the output is.
        """
        pieces, whole = np.vstack([self.by_head, self.bias]), self.output
        square = float(whole @ whole)
        return pieces @ whole / square if square else np.zeros(len(pieces))

    def value_norms(self, head: int | None) -> Float[np.ndarray, " super_tokens"]:
        """Return the norm of each super token's value in one head, or in all together if None, shape (M,)."""
        chosen = self.super_values if head is None else self.super_values[head : head + 1]
        return np.asarray(np.sqrt((chosen**2).sum((0, 2))))

    def arrays(self) -> dict[str, Any]:
        """Return all numbers by name."""
        return {**vars(self), "shares": self.shares}


def relative_added(record: BlockRecord) -> Float[np.ndarray, "height width"]:
    """Return the norm of what attention adds over that of the residual, by token of the first image, shape (H, W).

    Tokens whose residual is zero have no such number, nan.
    """
    added, residual = record.added_norm[0], record.residual_norm[0]
    return np.asarray(torch.where(residual > 0, added / residual, torch.nan).numpy(force=True))


def token_output(record: BlockRecord, token: int) -> TokenOutput:
    """Return what the attention of a block adds to one token of the first image.

    The output is linear in what each head reads, so that the projection, which acts on super tokens, can be told head
    by head for one token: sum_h W_o,h (Q A_h(S) V_h)_n + (sum_k Q_nk) b_o.

    Args:
        record: A captured block with attention through super tokens or among all tokens.
        token: The token.

    Raises:
        NoAttentionError: If the block has no attention.
        ValueError: If it attends in windows.
        IndexError: If there is no such token.
        RuntimeError: If the block's weights were changed after the capture.

    Example:
        >>> from stvit import BlockId, capture, create_model
        >>> cap = capture(create_model("stvit_demo", seed=0), torch.zeros(1, 3, 64, 64))
        >>> round(float(token_output(cap[BlockId(0, 0)], token=0).shares.sum()), 5)
        1.0
    """
    if not record.has_attention:
        raise NoAttentionError(record.id)
    if record.own_window is not None:
        raise ValueError(f"{record.id.caption.capitalize()} attends in windows, without super tokens.")
    row, column = record.grid.position(token)
    weights, heads = record.current_weights(), record.heads
    sequence = at_least_single(record.super_tokens[:1]).flatten(2).transpose(1, 2)
    own = at_least_single(record.tokens[:1, :, row, column]).unsqueeze(1)
    super_values, value = weights.qkv(sequence)[2][0], weights.qkv(own)[2][0, :, 0]
    index, weight = record.association.index[0, token], record.association.weight[0, token]
    real = index >= 0
    attended = torch.einsum("k,hkm->hm", weight[real], record.super_attention[0][:, index[real]])
    read = torch.einsum("hm,hmd->hd", attended, super_values)
    projection = weights.proj_weight.to(read.dtype).unflatten(1, (heads, -1))
    bias = read.new_zeros(len(projection)) if weights.proj_bias is None else weights.proj_bias.to(read.dtype)
    row_mass = weight[real].sum()
    return TokenOutput(
        value=value.double().numpy(force=True),
        super_values=super_values.double().numpy(force=True),
        by_head=torch.einsum("chd,hd->hc", projection, read).double().numpy(force=True),
        bias=(row_mass * bias).double().numpy(force=True),
        row_mass=row_mass.item(),
        bias_norm=bias.norm().item(),
        residual_norm=record.residual_norm[0, row, column].item(),
        added_norm=record.added_norm[0, row, column].item(),
    )
