"""What can be sent in 14 or 16 bits without showing: no weight may change by more than `TOLERANCE` of itself."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from stvit import SoftmaxAttention

TOLERANCE = 1e-3
"""Largest change of a logit, and so about the largest relative change of a weight, that rounding may cause."""

PROBES = 32
"""Tokens, spread over the grid, whose logits are compared."""

BITS = (14, 16)
"""Sizes of a rounded number to try; what needs more is sent as float32. Base and large need the 14 to stay small."""

SMALLEST_PEAK = 3e-4
"""Float16 is off by less than 5e-4 of a value, or by 3e-8 below 6e-5, which beside this is nothing."""


@dataclass(frozen=True)
class RoundedAttention:
    """Queries and keys as they are sent, and the attention that they make.

    Attributes:
        arrays: `query` and `key`, (heads, N, head_dim), float32; or, rounded, for each of them `_low`, the low bytes,
            `_high`, the bits above them, packed, and `_step`, (heads, head_dim), the size of one step of each channel.
        bits: Of each rounded number; 32 if none is rounded.
        attention: What the browser gets out of them.
    """

    arrays: dict[str, np.ndarray]
    bits: int
    attention: SoftmaxAttention


def rounded_attention(attention: SoftmaxAttention) -> RoundedAttention:
    """Return an attention with centred keys in as few of `BITS` as do not show, else in float32.

    The softmax does not change when one vector is added to all keys of a head; without their mean the keys are
    smaller and lose less.
    """
    key = attention.key - attention.key.mean(1, keepdim=True)
    centred = SoftmaxAttention(attention.query.float(), key.float(), attention.scale)
    for bits in BITS:
        (query, query_step), (key, key_step) = _in_steps(centred.query, bits), _in_steps(centred.key, bits)
        stepped = SoftmaxAttention(query * query_step[:, None], key * key_step[:, None], attention.scale)
        if _largest_change(centred, stepped) <= TOLERANCE:  # never where it is not a number
            arrays = _packed("query", query, query_step, bits) | _packed("key", key, key_step, bits)
            return RoundedAttention(arrays, bits, stepped)
    return RoundedAttention({"query": centred.query.cpu().numpy(), "key": centred.key.cpu().numpy()}, 32, centred)


def as_half(association: Tensor, present: Tensor) -> np.ndarray:
    """Return weights (N, k) of an association as float16, or as float32 where a row has only tiny ones.

    Args:
        association: Weights between 0 and 1.
        present: Where they are not those of phantoms, shape (N, k).
    """
    exact = association.float().cpu().numpy()
    peak = (association * present).amax(-1)
    return exact.astype(np.float16) if bool((peak >= SMALLEST_PEAK).all()) else exact


def log_normalisers(attention: SoftmaxAttention, max_bytes: int = 2**20) -> Tensor:
    """Return the logarithm of each row's sum of exponentials, shape (heads, N).

    Blocks of rows that fit the processor's cache, changed in place, take half the time of large ones.
    """
    step = max(1, max_bytes // (4 * attention.heads * attention.num_tokens))
    keys = (attention.key * attention.scale).transpose(-1, -2).contiguous()
    parts = []
    for query in attention.query.split(step, dim=1):
        logits = query @ keys
        top = logits.amax(-1, keepdim=True)
        parts.append(logits.sub_(top).exp_().sum(-1).log_() + top[..., 0])
    return torch.cat(parts, dim=1)


def _zero(bits: int) -> int:
    """Return the number that stands for zero, which is also how many steps there are on either side of it."""
    return 2 ** (bits - 1) - 1


def _in_steps(vectors: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    """Return vectors (heads, N, head_dim) in whole steps, and the step of each channel (heads, head_dim)."""
    step = vectors.abs().amax(1).clamp(min=1e-30) / _zero(bits)
    return (vectors / step[:, None]).round(), step


def _packed(name: str, steps: Tensor, size: Tensor, bits: int) -> dict[str, np.ndarray]:
    """Return whole steps, moved above zero, as low bytes and packed high bits, least significant bit first."""
    numbers = (steps + _zero(bits)).int().cpu().numpy()
    high = (numbers >> 8).reshape(-1, 1) >> np.arange(bits - 8) & 1
    return {
        f"{name}_low": (numbers & 255).astype(np.uint8),
        f"{name}_high": np.packbits(high.astype(np.uint8).ravel(), bitorder="little"),
        f"{name}_step": size.cpu().numpy(),
    }


def _largest_change(exact: SoftmaxAttention, other: SoftmaxAttention) -> float:
    """Return the largest change of any probed logit of any head."""
    probes = torch.linspace(0, exact.num_tokens - 1, min(PROBES, exact.num_tokens)).long()
    return (_logits(exact, probes) - _logits(other, probes)).abs().max().item()


def _logits(attention: SoftmaxAttention, tokens: Tensor) -> Tensor:
    return attention.query[:, tokens] @ attention.key.transpose(-1, -2) * attention.scale
