"""What is sent in 16 bits instead of 32, and how much that can change any row.

Queries and keys become whole steps of each channel's largest value. The change of a logit follows from the
Cauchy-Schwarz inequality for all pairs of tokens at once:

    |q' k' - q k| = |q (k' - k) + (q' - q) k'| <= |q| |k' - k| + |q' - q| |k'|

If no logit of a row moves by more than e, no weight in it changes by a relative amount of more than exp(2 e) - 1.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from stvit import SoftmaxAttention

LOGIT_TOLERANCE = 1 / 512
"""Largest proven change of a logit: then no weight changes by more than one of the 256 colours that it is drawn in."""

STEPS = 2**15 - 1
"""Steps on either side of zero in a signed 16-bit number."""

UNIT_STEPS = 2**16 - 1
"""Steps from 0 to 1 in an unsigned 16-bit number."""

SMALLEST_PEAK = 0.01
"""A row of Q whose largest weight is smaller is sent as it is; half a unit step is less than 1e-3 of any other peak."""


@dataclass(frozen=True)
class SentAttention:
    """Queries and keys as they are sent, and the attention that follows from them.

    Attributes:
        arrays: `query` and `key`, (heads, N, head_dim): float32, or int16 with `query_step` and `key_step`, (heads,
            head_dim) float32, the size of one step of each channel.
        attention: What the browser computes from them.
    """

    arrays: dict[str, np.ndarray]
    attention: SoftmaxAttention


def sent_attention(attention: SoftmaxAttention) -> SentAttention:
    """Return an attention with centred keys in 16 bits if no logit moves by more than the tolerance, else in float32.

    The softmax does not change when one vector is added to all keys of a head; without their mean the keys are
    smaller and lose less.
    """
    key = attention.key - attention.key.mean(1, keepdim=True)
    exact = SoftmaxAttention(attention.query.float(), key.float(), attention.scale)
    (query, query_step), (key, key_step) = _in_steps(exact.query), _in_steps(exact.key)
    rounded = SoftmaxAttention(query * query_step[:, None], key * key_step[:, None], attention.scale)
    if not _largest_logit_change(exact, rounded) <= LOGIT_TOLERANCE:  # also true for NaN
        return SentAttention({"query": exact.query.cpu().numpy(), "key": exact.key.cpu().numpy()}, exact)
    arrays = {
        "query": query.short().cpu().numpy(),
        "query_step": query_step.cpu().numpy(),
        "key": key.short().cpu().numpy(),
        "key_step": key_step.cpu().numpy(),
    }
    return SentAttention(arrays, rounded)


def in_unit_steps(weight: Tensor, present: Tensor) -> np.ndarray:
    """Return weights (N, k) of an association as uint16 in steps of 1 / 65,535, or as float32 if a row needs it.

    Args:
        weight: Between 0 and 1.
        present: False where a weight belongs to a phantom, shape (N, k).
    """
    exact = weight.float().cpu()
    peak = (exact * present.cpu()).amax(-1)
    if not bool((peak >= SMALLEST_PEAK).all()):  # also true for NaN
        return exact.numpy()
    return (exact * UNIT_STEPS).round().numpy().astype(np.uint16)


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


def _in_steps(vectors: Tensor) -> tuple[Tensor, Tensor]:
    """Return vectors (heads, N, head_dim) in whole steps, and the step of each channel (heads, head_dim)."""
    step = vectors.abs().amax(1).clamp(min=1e-30) / STEPS
    return (vectors / step[:, None]).round(), step


def _largest_logit_change(exact: SoftmaxAttention, other: SoftmaxAttention) -> float:
    """Return an upper bound on the change of any logit of any head."""
    by_key = _longest(exact.query) * _longest(other.key - exact.key)
    by_query = _longest(other.query - exact.query) * _longest(other.key)
    return exact.scale * (by_key + by_query).max().item()


def _longest(vectors: Tensor) -> Tensor:
    """Return the length of the longest vector of each head."""
    return vectors.norm(dim=-1).amax(1)
