"""One drawing of the network, with what the chosen picture becomes on its way through."""

import base64
import html
import io
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import streamlit as st
from PIL import Image

from analysis.figures.components import component_colours, heat_colours
from analysis.figures.paint import draw_boundaries, mean_colours
from stvit import BlockRecord
from stvit.capturing.attention_record import AttentionRecord
from stvit.error_text import counted
from ui.panels.mixing import mixing
from ui.view.view import BY_KEY, View

LARGEST = 224
"""Longer side in px of a thumbnail; maps of tokens are sent as small as they are and enlarged by the browser."""


class Card(NamedTuple):
    """One thumbnail.

    Attributes:
        title: Its name.
        note: What it shows, in a few words.
        picture: RGB bytes.
    """

    title: str
    note: str
    picture: np.ndarray


STYLE = """<style>
.network {display: flex; align-items: flex-start; gap: .25rem; overflow-x: auto; padding: .2rem .1rem .4rem}
.network figure {margin: 0; flex: 1 1 0; min-width: 5.2rem; max-width: 8.6rem}
.network img {width: 100%; aspect-ratio: 1; object-fit: cover; display: block; border-radius: .3rem}
.network img.tokens {image-rendering: pixelated}
.network figcaption {font-size: .8rem; line-height: 1.3; margin-top: .3rem}
.network figcaption strong {display: block; font-size: .875rem}
.network .arrow {align-self: center; flex: none; opacity: .75; padding-bottom: 2.5rem}
.network-title {font-weight: 600; margin: .4rem 0 .2rem}
</style>"""


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs=BY_KEY)
def drawing(view: View) -> str:
    """Return the drawing as HTML: the stages, and below them the inside of the first block with super tokens."""
    records = list(view.all_blocks.values())
    rows = [("The network", _stages(view, records))]
    inside = next((record for record in records if not record.grid.is_identity), None)
    if isinstance(inside, BlockRecord):
        rows.append((f"Inside {inside.id.caption}", _inside(view, inside)))
    parts = [f'<div class="network-title">{title}</div>{_row(list(cards))}' for title, cards in rows]
    return STYLE + "".join(parts)


def _stages(view: View, records: Sequence[AttentionRecord]) -> Iterator[Card]:
    height, width = view.picture.shown.shape[:2]
    yield Card("Picture", f"{width} × {height} px", view.picture.shown)
    yield Card("Stem", _size(records[0]), _colours(records[0]))
    for stage in sorted({record.id.stage for record in records}):
        blocks = [record for record in records if record.id.stage == stage]
        grid = blocks[0].grid
        how = mixing(blocks[0]) if grid.is_identity else counted(grid.num_super_tokens, "super token")
        note = f"{counted(len(blocks), 'block')}, {how}, {_size(blocks[0])}"
        yield Card(f"Stage {stage + 1}", note, _colours(blocks[-1]))


def _inside(view: View, record: BlockRecord) -> Iterator[Card]:
    labels = record.association.labels()[0].reshape(record.grid.height, record.grid.width).cpu().numpy()
    shown = view.picture.shown[: record.grid.height * record.token_pixels, : record.grid.width * record.token_pixels]
    grid = record.grid
    yield Card("Tokens", f"{grid.num_tokens:,} of them", _colours(record))
    yield Card("Q", "which tokens go together", draw_boundaries(shown, labels, edge=None))
    yield Card("Super tokens", f"{grid.num_super_tokens:,}, each a weighted mean", mean_colours(shown, labels))
    attention = record.super_attention[0].mean(0).cpu().numpy()
    side = f"{grid.num_super_tokens:,} × {grid.num_super_tokens:,}"
    yield Card(
        "A(S)", f"{side} weights, not {grid.num_tokens:,}\u00a0×\u00a0{grid.num_tokens:,}", heat_colours(attention)
    )
    after = record.output[0].float().cpu().numpy()
    yield Card("Back to tokens", "each from its own super tokens", component_colours(after))


def _colours(record: AttentionRecord) -> np.ndarray:
    return component_colours(record.tokens[0].float().cpu().numpy())


def _size(record: AttentionRecord) -> str:
    return f"{record.grid.height} × {record.grid.width} tokens"


def _row(cards: list[Card]) -> str:
    arrow = '<div class="arrow" aria-hidden="true">&#10140;</div>'
    return f'<div class="network">{arrow.join(_figure(card) for card in cards)}</div>'


def _figure(card: Card) -> str:
    title, note = html.escape(card.title), html.escape(card.note)
    kind = "tokens" if max(card.picture.shape[:2]) < LARGEST else "photo"
    return (
        f'<figure><img class="{kind}" alt="{title}: {note}" src="{_address(card.picture)}">'
        f"<figcaption><strong>{title}</strong>{note}</figcaption></figure>"
    )


def _address(picture: np.ndarray) -> str:
    """Return the address of an image that contains its data."""
    image = Image.fromarray(picture)
    image.thumbnail((LARGEST, LARGEST))
    buffer = io.BytesIO()
    image.save(buffer, format="WEBP", lossless=max(picture.shape[:2]) < LARGEST, quality=85)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()
