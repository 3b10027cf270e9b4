"""The maps that Explore lays side by side, computed from one block's record."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from analysis.attention_sources import RowSource
from analysis.baselines import global_attention, local_attention
from analysis.figures.attention_maps import Anchor
from analysis.row_summary import row_summary
from stvit import BlockRecord

WINDOW = 7
"""Tokens per side of a local attention window, as in Swin."""


@dataclass(frozen=True)
class Panel:
    """One map beside the others.

    Attributes:
        title: Heading.
        kind: Key of its colour in `analysis.figures.style`.
        note: One line of figures about it.
        values: One value per token, shape (H, W).
        quantity: What the values are, for the colour bar.
    """

    title: str
    kind: str
    note: str
    values: np.ndarray
    quantity: str = "attention"

    @property
    def is_attention(self) -> bool:
        """Whether the values are attention weights, so that panels can share one scale."""
        return self.kind != "association"


def attention_panels(record: BlockRecord, head: int | None, anchor: Anchor, token_pixels: int) -> Iterator[Panel]:
    """Yield the panels of an anchor: super token attention both ways, global, local, association."""
    token = record.grid.token(anchor.row, anchor.column)
    through = record.token_attention()
    sources: dict[str, RowSource] = {
        "super": through,
        "global": global_attention(record),
        "local": local_attention(record, window=WINDOW),
    }
    titles = {
        "super": "Super token attention, outgoing",
        "global": "Global attention, outgoing",
        "local": f"Local attention, outgoing ({WINDOW} x {WINDOW})",
    }
    for kind, source in sources.items():
        row = source.row(token, head)
        yield Panel(titles[kind], kind, _note(row, record, token, token_pixels), _map(row, record))
        if kind == "super":
            column = through.column(token, head)
            note = f"received in all {column.sum():.2f} (1 on average)"
            yield Panel("Super token attention, incoming", kind, note, _map(column, record))
    yield _association_panel(record, token)


def _note(row: Tensor, record: BlockRecord, token: int, token_pixels: int) -> str:
    summary = row_summary(row.numpy(), record.grid, token, token_pixels)
    return f"entropy {summary.entropy:.2f} nats · distance {summary.distance:.0f} px · mass kept {summary.mass:.2f}"


def _association_panel(record: BlockRecord, token: int) -> Panel:
    """Show the anchor's association on the tokens that belong to each of its super tokens."""
    association, labels = record.association, record.labels()[0].flatten()
    index, weight = association.index[0, token], association.weight[0, token]
    of_cell = weight.new_zeros(record.grid.num_super_tokens + 1)  # the last entry takes the phantoms
    of_cell.scatter_(0, index.where(index >= 0, record.grid.num_super_tokens), weight)
    lost = association.leakage()[0, token].item()
    note = f"its super tokens and their extent · phantoms took {lost:.2f}"
    return Panel("Association", "association", note, _map(of_cell[labels], record), "association")


def _map(values: Tensor, record: BlockRecord) -> np.ndarray:
    return values.reshape(record.grid.height, record.grid.width).numpy()
