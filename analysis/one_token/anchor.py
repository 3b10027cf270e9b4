"""What one token attends to, in every way that can be compared: the maps around an anchor, also as numbers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from torch import Tensor

from analysis.attention.baselines import global_attention, local_attention
from analysis.attention.kinds import DEFAULT_WINDOW, KINDS
from analysis.one_token.region import (
    DEFAULT_REGION,
    Region,
    SegmentLabels,
    mean_row,
    measure_region,
    region_tokens,
)
from stvit import Attention, BlockRecord
from stvit.capturing.attention_record import AttentionRecord

NAMES = {
    "super": "super_token_attention_outgoing",
    "global": "global_attention_outgoing",
    "local": "local_attention_outgoing",
}
"""Columns of the kinds of attention that an anchor is seen through."""

BACKBONE = ("block_attention", "Attention of the block")
"""Column and title of what the block of a backbone does, which has no super tokens."""


@dataclass(frozen=True)
class AnchorMap:
    """One value per token, seen from an anchor.

    Attributes:
        name: Its name in tables and arrays.
        title: Heading.
        kind: Key of its colour in `analysis.figures.style`.
        note: One line of figures about it.
        values: One value per token, shape (H, W).
        quantity: What the values are, for the colour bar.
    """

    name: str
    title: str
    kind: str
    note: str
    values: np.ndarray
    quantity: str = "attention"

    @property
    def is_attention(self) -> bool:
        """Whether the values are attention weights, so that panels can share one scale."""
        return self.kind != "association"


def anchor_maps(
    record: AttentionRecord,
    head: int | None,
    token: int,
    region: Region = DEFAULT_REGION,
    segments: SegmentLabels | None = None,
) -> Iterator[AnchorMap]:
    """Yield the maps of an anchor: the block's own attention both ways, global, local, association if there is one.

    Args:
        record: A captured block; the first image of its batch is used.
        head: Which head, None for the mean.
        token: The anchor's token.
        region: What the anchor is: the token, or a region around it, whose mean is shown.
        segments: Of `segment_labels`, for a region that is a segment.

    Raises:
        IndexError: If there is no such token or head.

    Example:
        >>> import torch
        >>> from stvit import BlockId, capture, create_model
        >>> cap = capture(create_model("stvit_demo", seed=0), torch.zeros(1, 3, 64, 64))
        >>> [found.title for found in anchor_maps(cap[BlockId(0, 0)], None, token=0)][-1]
        'Association'
    """
    tokens = region_tokens(region, record, *record.grid.position(token), segments)
    through = record.token_attention()
    sources: dict[str, Attention] = {
        "super": through,
        "global": global_attention(record),
        "local": local_attention(record, window=DEFAULT_WINDOW),
    }
    stem, title = ("super_token_attention", KINDS["super"].title) if isinstance(record, BlockRecord) else BACKBONE
    names = NAMES | {"super": f"{stem}_outgoing"}
    titles = {kind: f"{KINDS[kind].title}, outgoing" for kind in sources} | {"super": f"{title}, outgoing"}
    titles["local"] += f" ({DEFAULT_WINDOW} × {DEFAULT_WINDOW})"
    for kind, source in sources.items():
        row = mean_row(source, tokens, head)
        yield AnchorMap(names[kind], titles[kind], kind, _note(row, record, region, tokens), _map(row, record))
        if kind == "super":
            column = mean_row(through, tokens, head, incoming=True)
            note = f"received in all {column.sum():.2f} (1 on average)"
            yield AnchorMap(f"{stem}_incoming", f"{title}, incoming", kind, note, _map(column, record))
    if isinstance(record, BlockRecord):
        yield association_map(record, tokens)


def table_of(maps: Sequence[AnchorMap]) -> pd.DataFrame:
    """Return one line for each token: row, column, and a column for each map."""
    rows, columns = np.indices(maps[0].values.shape)
    values = {found.name: found.values.ravel() for found in maps}
    return pd.DataFrame({"row": rows.ravel(), "column": columns.ravel(), **values})


def arrays_of(maps: Sequence[AnchorMap]) -> dict[str, Any]:
    """Return each map by name, shape (H, W)."""
    return {found.name: found.values for found in maps}


def _note(row: Tensor, record: AttentionRecord, region: Region, tokens: np.ndarray) -> str:
    values = measure_region(row, record, region, tokens)
    return "entropy {entropy:.2f} nats · distance {distance:,.0f} px · mass kept {mass:.2f}".format(**values)


def association_map(record: BlockRecord, tokens: np.ndarray) -> AnchorMap:
    """Show the anchor's mean association on the tokens that belong to each of its super tokens."""
    association, labels = record.association, record.labels()[0].flatten()
    index, weight = (each[0, tokens].flatten() for each in (association.index, association.weight))
    of_cell = weight.new_zeros(record.grid.num_super_tokens + 1)  # the last entry takes the phantoms
    of_cell.scatter_add_(0, index.where(index >= 0, record.grid.num_super_tokens), weight / len(tokens))
    lost = association.leakage()[0, tokens].mean().item()
    note = f"its super tokens and their extent · phantoms took {lost:.2f}"
    return AnchorMap("association", "Association", "association", note, _map(of_cell[labels], record), "association")


def _map(values: Tensor, record: AttentionRecord) -> np.ndarray:
    return values.reshape(record.grid.height, record.grid.width).numpy(force=True)
