"""What an anchor is: a token, or the super token, the rectangle or the segment around it; and its mean row.

A region's row is the mean of the rows of its tokens, its column the mean of their columns. Nothing N x N is built.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor

from analysis.grouping.framed import majority_labels
from analysis.grouping.slic import slic_labels
from analysis.redundancy.measure import measure_row
from stvit import Attention, BlockRecord, DecomposedAttention, TokenGrid
from stvit.attentions.rows import one_head
from stvit.capturing.attention_record import AttentionRecord
from stvit.error_text import counted

REGIONS = {"token": "token", "super": "super token", "rectangle": "rectangle", "segment": "segment"}
"""What an anchor may be, and what people call it."""

SIDE = 200
"""Of a rectangle that nobody has drawn, in thousandths of the picture's sides."""

THOUSAND = 1000
SEGMENTS = 49
"""SLIC segments where no block has super tokens to count."""

Labels = Int[np.ndarray, " tokens"]

SegmentLabels = dict[tuple[int, int], Labels]
"""The segment of each token, by rows and columns of the grid."""


@dataclass(frozen=True)
class Region:
    """What lies around the anchor's token; the browser's names.

    Attributes:
        kind: A name of `REGIONS`.
        height: Of a rectangle, in thousandths of the picture's height, so that it suits the grid of every block.
        width: The same across.
    """

    kind: str = "token"
    height: int = SIDE
    width: int = SIDE

    def words(self, count: int) -> str:
        """Return what it is, with its number of tokens.

        Example:
            >>> Region().words(1), Region("super").words(64)
            ('the pinned token', 'the pinned super token (64 tokens)')
        """
        return f"the pinned {self.title}" + (f" ({counted(count, 'token')})" if self.kind != "token" else "")

    @property
    def title(self) -> str:
        """What people call it."""
        return REGIONS[self.kind]

    @classmethod
    def reported(cls, values: object) -> "Region":
        """Return the region in a report of the browser; what is missing or impossible in it is as by default."""
        found = values if isinstance(values, Mapping) else {}
        kind = found.get("kind")
        known = isinstance(kind, str) and kind in REGIONS
        return cls(str(kind) if known else "token", _thousandths(found.get("height")), _thousandths(found.get("width")))


DEFAULT_REGION = Region()


def region_tokens(
    region: Region, record: AttentionRecord, row: int, column: int, segments: SegmentLabels | None = None
) -> Int[np.ndarray, " region"]:
    """Return the numbers of the tokens of a region.

    Args:
        region: What lies around the token. In a block without super tokens, a super token is the token itself.
        record: The block.
        row: Of the anchor's token.
        column: Of it.
        segments: Of `segment_labels`, for a region that is a segment.

    Raises:
        ValueError: If a segment is asked for without segments.
    """
    grid, token = record.grid, record.grid.token(row, column)
    if region.kind == "rectangle":
        return _rectangle(region, grid, row, column)
    if region.kind == "segment":
        if segments is None:
            raise ValueError("A region that is a segment needs the segments of the picture, got none.")
        labels = segments[grid.height, grid.width]
    elif region.kind == "super" and isinstance(record, BlockRecord) and not record.association.is_identity:
        labels = record.labels()[0].flatten().numpy(force=True)
    else:
        return np.array([token])
    return np.flatnonzero(labels == labels[token])


def token_mask(tokens: Int[np.ndarray, " region"], grid: TokenGrid) -> Bool[np.ndarray, "rows columns"]:
    """Return which tokens of a grid are among some.

    Example:
        >>> token_mask(np.array([1]), TokenGrid(1, 2))
        array([[False,  True]])
    """
    return np.isin(np.arange(grid.num_tokens), tokens).reshape(grid.height, grid.width)


def segment_labels(records: Collection[AttentionRecord], shown: UInt8[np.ndarray, "height width 3"]) -> SegmentLabels:
    """Return the SLIC segments of a picture on the grid of every block: one segmentation for all depths.

    There are as many as super tokens in the first block that has some. A token belongs to the segment that has most of
    its pixels.

    Args:
        records: The blocks of a capture, in order.
        shown: The picture as the model saw it.
    """
    counts = [record.grid.num_super_tokens for record in records if not record.grid.is_identity]
    labels = slic_labels(shown, counts[0] if counts else SEGMENTS).labels
    found: SegmentLabels = {}
    for record in records:
        grid, stride = record.grid, record.token_pixels
        if (grid.height, grid.width) not in found:
            sides = zip((grid.height, grid.width), labels.shape, strict=True)
            whole = np.pad(labels, [(0, max(0, count * stride - pixels)) for count, pixels in sides], mode="edge")
            found[grid.height, grid.width] = majority_labels(whole, grid.height, grid.width).ravel()
    return found


def mean_row(
    attention: Attention, tokens: Int[np.ndarray, " region"], head: int | None = None, *, incoming: bool = False
) -> Float[Tensor, " tokens"]:
    """Return the mean of the rows of some tokens, or of their columns.

    Args:
        attention: Of N tokens.
        tokens: Their numbers, at least one.
        head: Which head, None for the mean.
        incoming: Whether columns are meant.

    Raises:
        IndexError: If there is no such token or head.
    """
    if len(tokens) == 1:
        read = attention.column if incoming else attention.row
        return read(int(tokens[0]), head)
    return one_head(mean_rows(attention, tokens, incoming=incoming), head)


def mean_rows(
    attention: Attention, tokens: Int[np.ndarray, " region"], *, incoming: bool = False
) -> Float[Tensor, "heads tokens"]:
    """Return the mean of the rows of some tokens, or of their columns, of each head; see `mean_row`."""
    index = torch.from_numpy(tokens).to(attention.device)
    if not incoming and not isinstance(attention, DecomposedAttention):
        rows = [block.dense().sum(1) for block in attention.some_rows(index)]
        return torch.stack(rows).sum(0) / len(tokens)
    shares = attention.head_rows(0, 1).weight.new_zeros(attention.num_tokens, 1)
    shares[index] = 1 / len(tokens)
    multiply = attention.apply if incoming else attention.apply_transposed
    return torch.stack([multiply(shares, head)[:, 0] for head in range(attention.heads)])


def measure_region(
    row: Float[Tensor, " tokens"] | Float[np.ndarray, " tokens"],
    record: AttentionRecord,
    region: Region,
    tokens: Int[np.ndarray, " region"],
) -> dict[str, float]:
    """Return the metrics of the mean row of a region by name; of a token they are those of `measure_row`.

    Of any other region the distance is that from its middle, in pixels, and the local mass is the share inside it.
    """
    grid, pixels = record.grid, record.token_pixels
    values = measure_row(row, grid, int(tokens[0]), pixels)
    if region.kind == "token":
        return values
    weight = torch.as_tensor(row).double().numpy(force=True)
    share = weight / max(float(weight.sum()), np.finfo(np.float64).tiny)
    rows, columns = np.divmod(np.arange(grid.num_tokens), grid.width)
    apart = np.hypot(rows - rows[tokens].mean(), columns - columns[tokens].mean())
    kept = ("mass", "entropy", "tokens_for_90")
    inside = {"distance": float(share @ apart) * pixels, "local_mass": float(share[tokens].sum())}
    return {name: values[name] for name in kept} | inside


def _rectangle(region: Region, grid: TokenGrid, row: int, column: int) -> Int[np.ndarray, " region"]:
    """Return a rectangle with the token in its middle, or moved so that it stays on the grid."""
    sides = []
    for part, side, place in ((region.height, grid.height, row), (region.width, grid.width, column)):
        count = min(max(math.floor(part * side / THOUSAND + 0.5), 1), side)
        first = min(max(place - (count - 1) // 2, 0), side - count)
        sides.append(np.arange(first, first + count))
    return (sides[0][:, None] * grid.width + sides[1]).ravel()


def _thousandths(value: object) -> int:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        return SIDE
    return min(max(round(value), 1), THOUSAND)
