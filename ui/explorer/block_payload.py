"""One block's factors as bytes: all that the browser needs for any row or column of any head.

Arrays (N tokens, M super tokens, k candidates):

    query, key        (heads, N, head_dim)  of all tokens, keys without their mean; float32, or int16 in steps of
      ..._step        (heads, head_dim)     float32, size of one step of each channel
    log_normaliser    (heads, N)            float32; left out above `MAX_INCOMING` tokens
    labels            (N,)                  int32, heaviest super token
    weight            (N, k)                Q; float32, or uint16 in steps of 1 / 65,535
    index             (N, k)                int32, only if it is not the grid's own 3 x 3 neighbourhood
    normaliser        (M,)                  float32, what Q-hat divides by
    core              (heads, M, M)         float32, A(S)
    own_bias          (heads, 2 w - 1, 2 w - 1)  float32, what each offset adds to a logit in windows of w tokens

A block without super tokens has queries, keys and log_normaliser only: its attention is the global one (cell 1), or
that inside the windows that the header names, with `own_bias` if it learned one.
"""

from typing import Any

import numpy as np
from torch import Tensor

from analysis.attention.baselines import global_attention
from analysis.attention.kinds import ALL_PAIRS_TOKENS, DEFAULT_WINDOW
from analysis.redundancy.row_metrics import LARGE_SHARE, LEVEL_TOLERANCE, NEIGHBOURHOOD
from stvit import BlockRecord, TokenGrid
from stvit.capturing.window_record import WindowRecord
from ui.explorer import registries
from ui.explorer.payload import payload_bytes
from ui.explorer.rounding import SentAttention, in_unit_steps, log_normalisers, sent_attention

MAX_INCOMING = ALL_PAIRS_TOKENS
"""Tokens up to which the normalisers of all rows are computed (384 pixels): the cost grows with their square."""


def block_payload(
    record: BlockRecord, token_pixels: int, *, name: str = "", image: int = 0, window: int = DEFAULT_WINDOW
) -> bytes:
    """Return one block of one image as bytes for the explorer.

    Args:
        record: A captured block.
        token_pixels: Pixels of the picture per token and axis.
        name: Key under which the browser keeps it; blocks of one scene need different ones.
        image: Which image of the batch.
        window: Side in tokens of the windows of local attention.

    Raises:
        IndexError: If the batch has no such image.
        RuntimeError: If the weights were changed after the capture.
    """
    query_key = _query_key(sent_attention(global_attention(record, image)))
    header = {
        "kind": "block",
        "name": name,
        **describe_block(record),
        "head_dim": record.super_query.shape[-1],
        "scale": record.scale,
        "token_pixels": token_pixels,
        "window": window,
        "neighbourhood": NEIGHBOURHOOD,
        "large_share": LARGE_SHARE,
        "level_tolerance": LEVEL_TOLERANCE,
        "notes": registries.notes(record, window),
        "incoming_left_out": {} if "log_normaliser" in query_key else {"global": _left_out(record)},
    }
    return payload_bytes(header, query_key | _factors(record, image))


def describe_block(record: BlockRecord) -> dict[str, Any]:
    """Return what the browser has to know about a block before its factors arrive."""
    grid = record.grid
    return {
        "stage": record.id.stage,
        "block": record.id.block,
        "heads": record.heads,
        "height": grid.height,
        "width": grid.width,
        "cell": list(grid.cell_size),
        "rows": grid.rows,
        "columns": grid.columns,
        "identity": record.association.is_identity,
        "own_windows": _own_windows(record),
        "captions": registries.captions(record),
    }


def _own_windows(record: BlockRecord) -> dict[str, Any] | None:
    """Return side and shift, in tokens, of the windows that the block itself uses for attention."""
    return {"side": record.window, "shift": list(record.shift)} if isinstance(record, WindowRecord) else None


def own_index(index: Tensor, grid: TokenGrid, tokens: Tensor | None = None) -> dict[str, np.ndarray]:
    """Return the index of an association (of some tokens) to send, or nothing if the browser can derive it."""
    neighbours = grid.neighbour_index.to(index.device)
    if index.shape == neighbours.shape and bool((index == neighbours).all()):
        return {}
    return {"index": (index if tokens is None else index[tokens]).cpu().numpy().astype(np.int32)}


def _query_key(sent: SentAttention) -> dict[str, np.ndarray]:
    if sent.attention.num_tokens > MAX_INCOMING:
        return sent.arrays
    return {**sent.arrays, "log_normaliser": _float32(log_normalisers(sent.attention))}


def _left_out(record: BlockRecord) -> str:
    return (
        f"Incoming global attention needs the normalisers of all rows, which are left out for "
        f"{record.grid.num_tokens:,} tokens"
    )


def _factors(record: BlockRecord, image: int) -> dict[str, np.ndarray]:
    association = record.association.select(image)
    if isinstance(record, WindowRecord) and record.relative_bias is not None:
        return {"own_bias": _float32(record.relative_bias)}
    if association.is_identity:
        return {}
    return {
        "labels": association.labels()[0].cpu().numpy().astype(np.int32),
        "weight": in_unit_steps(association.weight[0], association.index[0] >= 0),
        **own_index(association.index[0], record.grid),
        "normaliser": _float32(association.normaliser[0]),
        "core": _float32(record.super_attention[image]),
    }


def _float32(values: Tensor) -> np.ndarray:
    return values.float().cpu().numpy()
