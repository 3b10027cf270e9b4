"""The small maps as a Streamlit component: a level of colour for each token, which the browser paints."""

import base64
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from matplotlib import colormaps

from analysis.compare.scale import TICKS
from analysis.figures.numbers import significant
from analysis.figures.style import ANCHOR_COLOUR, HEAT_NAME
from analysis.reports.head_maps import HeadMapsShown
from stvit import BlockId
from stvit.captions import head_caption
from ui.panels import colour_bar

_WEB = Path(__file__).parent / "web"
_mount = st.components.v2.component(
    "stvit_head_maps",
    css=(_WEB / "head_maps.css").read_text(encoding="utf-8") + colour_bar.style(),
    js=(_WEB / "head_maps.js").read_text(encoding="utf-8"),
)

Open = Callable[[BlockId, int], None]


def draw_head_maps(
    shown: HeadMapsShown, chosen: tuple[BlockId, int | None], ratio: float, key: str, on_open: Open
) -> None:
    """Draw the maps.

    Args:
        shown: The maps and their order.
        chosen: Block and head that the page shows, which are marked.
        ratio: Width over height of the picture.
        key: Name of the component on the page.
        on_open: Called with the block and the head that a person clicks, before the page runs again.
    """
    heads = {found.block: len(found.weights) for found in shown.maps}
    _mount(key=key, data=_told(shown, chosen, ratio), on_opened_change=partial(_report, key, heads, on_open))


def _report(key: str, heads: Mapping[BlockId, int], on_open: Open) -> None:
    opened = opened_of((st.session_state.get(key) or {}).get("opened"), heads)
    if opened is not None:
        on_open(*opened)


def opened_of(said: object, heads: Mapping[BlockId, int]) -> tuple[BlockId, int] | None:
    """Return the block and the head in a report of the browser, None if there are none such.

    Example:
        >>> opened_of({"stage": 0, "block": 1, "head": 2}, {BlockId(0, 1): 3}), opened_of("all", {})
        ((BlockId(stage=0, block=1), 2), None)
    """
    if not isinstance(said, Mapping):
        return None
    stage, block, head = (said.get(name) for name in ("stage", "block", "head"))
    if not (isinstance(stage, int) and isinstance(block, int) and isinstance(head, int)):
        return None
    return (BlockId(stage, block), head) if 0 <= head < heads.get(BlockId(stage, block), 0) else None


def _told(shown: HeadMapsShown, chosen: tuple[BlockId, int | None], ratio: float) -> dict[str, Any]:
    """Return what the browser needs to draw the maps."""
    levels = {found.block: found.levels for found in shown.maps}
    tiles = []
    for found, head, value in shown.order():
        rows, columns = found.weights.shape[1:]
        caption = f"{found.block.caption}, {head_caption(head, len(found.weights))}"
        tiles.append(
            {
                "stage": found.block.stage,
                "block": found.block.block,
                "head": head,
                "name": f"{found.block.short} h{head + 1}",
                "value": "" if shown.values is None else ("none" if value is None else significant(value)),
                "title": caption if value is None or shown.values is None else _with_value(caption, shown, value),
                "rows": rows,
                "columns": columns,
                "row": found.row,
                "column": found.column,
                "isChosen": found.block == chosen[0] and head == chosen[1],
                "levels": base64.b64encode(levels[found.block][head].tobytes()).decode(),
            }
        )
    palette = colormaps[HEAT_NAME](np.arange(256), bytes=True)[:, :3]
    return {
        "tiles": tiles,
        "byDepth": shown.values is None,
        "heads": max(len(found.weights) for found in shown.maps),
        "ratio": ratio,
        "anchorColour": ANCHOR_COLOUR,
        "palette": base64.b64encode(palette.tobytes()).decode(),
        "ticks": list(TICKS.values()),
    }


def _with_value(caption: str, shown: HeadMapsShown, value: float) -> str:
    assert shown.values is not None
    return f"{caption}: {shown.values.title.lower()} {significant(value)} {shown.values.unit}"
