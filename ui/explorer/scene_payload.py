"""The scene as bytes: the picture, the colours, and a light preview of every block for the filmstrip.

Arrays: `picture` (bytes of an image file), `colour_map` (256, 3), and for block i, over every f-th token (n of them):

    i.weight (n, k), i.normaliser (M,), i.core (M, M) and i.core_scale (M,)   blocks with super tokens
    i.index (n, k)                                                           only as in `block_payload`
    i.dense (n, n) and i.dense_scale (n,)                                    blocks without (cell 1)

Weights are bytes: Q in steps of 1 / 255; attention (mean over heads) in logarithmic steps below the largest of each
row (the scale), so that small weights keep their colour on a logarithmic bar. That suffices for a picture of 60 pixels
and for nothing else; panels and numbers come from `block_payload`.
"""

import io
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from matplotlib import colormaps
from PIL import Image
from torch import Tensor

from analysis.figures.style import ANCHOR_COLOUR, HEAT_NAME
from stvit import BlockRecord, Capture, TokenGrid
from ui.explorer import registries
from ui.explorer.block_payload import describe_block, own_index
from ui.explorer.payload import payload_bytes

SPARSE_SIDE, DENSE_SIDE = 64, 14
"""Most tokens per axis in the preview of a block with super tokens, and of one without."""

PICTURE_QUALITY = 92

DECADES = 6
"""That the bytes 1 to 255 span; 0 is nothing. One step is 5.6 %."""


def scene_payload(
    capture: Capture, shown: UInt8[np.ndarray, "height width 3"], *, name: str = "", alt: str = "", image: int = 0
) -> bytes:
    """Return picture and previews of all captured blocks as bytes for the explorer.

    Args:
        capture: A run of the model.
        shown: The picture as the model saw it, RGB.
        name: Key under which the browser keeps it; block i is kept under `block_name(name, id)`.
        alt: What the picture shows, for people who do not see it.
        image: Which image of the batch.

    Raises:
        IndexError: If the batch has no such image.
        RuntimeError: If the weights were changed after the capture.
    """
    arrays = {"picture": _encoded(shown), "colour_map": _colour_map()}
    blocks = []
    for index, record in enumerate(capture.values()):
        shape, parts = preview(record, image)
        arrays |= {f"{index}.{key}": value for key, value in parts.items()}
        blocks.append({"name": block_name(name, *record.id), **describe_block(record), "preview": shape})
    header = {
        "kind": "scene",
        "name": name,
        "alt": alt,
        "picture": {"height": shown.shape[0], "width": shown.shape[1], "type": "image/jpeg"},
        "anchor_colour": ANCHOR_COLOUR,
        "panels": registries.panels(),
        "preview_decades": DECADES,
        "segments": segments_name(name),
        "figures": registries.figures(),
        "blocks": blocks,
    }
    return payload_bytes(header, arrays)


def block_name(scene: str, stage: int, block: int) -> str:
    """Return the name under which the browser keeps a block of a scene."""
    return f"{scene}/{stage}.{block}"


def segments_name(scene: str) -> str:
    """Return the name under which the browser keeps the segments of a scene."""
    return f"{scene}/segments"


def preview_grid(grid: TokenGrid) -> tuple[int, int, int]:
    """Return a preview's rows and columns, and per axis the number of tokens of which it keeps the middle one."""
    most = DENSE_SIDE if grid.is_identity else SPARSE_SIDE
    step = -(-max(grid.height, grid.width) // most)
    height, width = (len(range(step // 2, side, step)) for side in (grid.height, grid.width))
    return height, width, step


def preview(record: BlockRecord, image: int = 0) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the layout and the arrays of one block's preview."""
    grid = record.grid
    height, width, step = preview_grid(grid)
    rows, columns = (torch.arange(step // 2, side, step) for side in (grid.height, grid.width))
    tokens = (rows[:, None] * grid.width + columns).flatten()
    parts = _dense(record, tokens, image) if record.association.is_identity else _sparse(record, tokens, image)
    return {"height": height, "width": width, "step": step}, parts


def _dense(record: BlockRecord, tokens: Tensor, image: int) -> dict[str, np.ndarray]:
    rows = record.token_attention(image).chosen_rows(tokens).dense().mean(0)
    values, scale = _as_bytes(rows[:, tokens])
    return {"dense": values, "dense_scale": scale}


def _sparse(record: BlockRecord, tokens: Tensor, image: int) -> dict[str, np.ndarray]:
    association = record.association.select(image)
    core, scale = _as_bytes(record.super_attention[image].mean(0))
    return {
        "weight": (association.weight[0, tokens] * 255).round().byte().cpu().numpy(),
        **own_index(association.index[0], record.grid, tokens),
        "normaliser": association.normaliser[0].float().cpu().numpy(),
        "core": core,
        "core_scale": scale,
    }


def _as_bytes(rows: Float[Tensor, "rows tokens"]) -> tuple[np.ndarray, np.ndarray]:
    """Return rows as bytes and the scale of each row: scale * 10^(DECADES * (byte / 255 - 1)), and nothing for 0."""
    scale = rows.amax(-1).clamp(min=1e-30)
    levels = 255 * (1 + (rows / scale[:, None]).log10() / DECADES)
    return levels.nan_to_num(0).clamp(0, 255).round().byte().cpu().numpy(), scale.float().cpu().numpy()


def _encoded(shown: UInt8[np.ndarray, "height width 3"]) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(shown).save(buffer, format="JPEG", quality=PICTURE_QUALITY, subsampling=0)
    return np.frombuffer(buffer.getvalue(), np.uint8)


def _colour_map() -> UInt8[np.ndarray, "256 3"]:
    return colormaps[HEAT_NAME](np.arange(256), bytes=True)[:, :3]
