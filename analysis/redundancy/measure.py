"""How redundant an attention is: numbers for every token and head, from its rows, streamed in blocks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from analysis.redundancy.catalogue import CATALOGUE, chosen_metrics, metrics_of
from analysis.redundancy.parallel import run_all
from analysis.redundancy.pieces import Piece, Work, check_rows, in_order, is_of_rows
from analysis.redundancy.ranks import EXACT_TOKENS, Spectrum
from analysis.redundancy.row_metrics import RowMetrics, RowSettings
from analysis.redundancy.row_sample import RowSample, draw_rows
from analysis.redundancy.token_layout import TokenLayout
from analysis.redundancy.watch import Progress, Watch
from stvit import Attention, RowBlock, TokenGrid

_DEFAULT = ("mass", "entropy", "distance")


@dataclass(frozen=True, eq=False)
class AttentionMetrics:
    """What was measured of one attention, by name of the metric.

    Attributes:
        per_token: Each of shape (heads, N): maps over the tokens.
        per_head: Each of shape (heads,).
        stderr: Standard error of those of `per_head` that are estimated from a sample of rows, each of shape (heads,).
    """

    per_token: dict[str, Float[np.ndarray, "heads tokens"]] = field(default_factory=dict)
    per_head: dict[str, Float[np.ndarray, " heads"]] = field(default_factory=dict)
    stderr: dict[str, Float[np.ndarray, " heads"]] = field(default_factory=dict)

    def head_values(self) -> dict[str, Float[np.ndarray, " heads"]]:
        """Return one value per head for every metric: the mean over tokens of what is per token."""
        if not self.per_token:
            return dict(self.per_head)
        together = np.stack(list(self.per_token.values()))  # of small arrays, calls take longest
        return dict(zip(self.per_token, together.mean(axis=2, dtype=np.float64), strict=True)) | self.per_head


def measure(
    attention: Attention,
    grid: TokenGrid,
    token_pixels: float | tuple[float, float],
    metrics: str | Iterable[str] | None = None,
    settings: RowSettings | None = None,
    exact_tokens: int = EXACT_TOKENS,
    *,
    anchors: int | None = None,
    seed: int | Sequence[int] = 0,
    progress: Progress | None = None,
) -> AttentionMetrics:
    """Measure an attention: its rows in one pass, what each token receives, and its ranks.

    Rows that keep less than all their mass (token attention near the border) are measured conditional on the mass
    kept, that is, row / row sum, and so is what tokens receive; "mass" reports what was kept. A row without mass
    measures 0. Ranks are those of the attention as it is; where they are estimates, their names end in "_estimate"
    (see `analysis.redundancy.ranks`).

    With `anchors`, means over rows are estimated from one row of each of so many regions of the grid, without bias,
    and their standard errors are given (see `analysis.redundancy.row_sample`); there are no maps over tokens then.
    What is no mean over rows, that is, ranks and what tokens receive, is exact where the attention knows it from its
    factors, and left out where every row would have to be read. An attention of no more tokens than anchors is
    measured exactly.

    Args:
        attention: Any attention over the grid's tokens; `analysis.DenseAttention` makes one of an array.
        grid: Where the tokens lie.
        token_pixels: Pixels of the image per token, one number or (height, width).
        metrics: Names of row and head metrics, see `analysis.redundancy.catalogue`; all if None.
        settings: Window of "local_mass" and k of "top_mass".
        exact_tokens: Up to this many tokens, ranks of attentions without factors are exact.
        anchors: Number of rows to measure; all if None.
        seed: Of the draw, one whole number from 0 or several.
        progress: Called with (work done, work in all) several times a second, in a unit of its own; what it raises
            stops the work, and nothing keeps computing.

    Returns:
        Metrics by name; those that compare heads are left out if there is one head.

    Raises:
        ValueError: If the attention and the grid have different numbers of tokens, a name is unknown, a weight is not
            finite, or a number of the sample makes no sense.

    Example:
        >>> from analysis import DenseAttention
        >>> measure(DenseAttention(torch.eye(4)[None]), TokenGrid(2, 2), 16, "entropy").head_values()
        {'entropy': array([0.])}
    """
    sample = None if anchors is None else draw_rows(grid, anchors, seed)
    return measure_all([attention], grid, token_pixels, metrics, settings, exact_tokens, sample, progress)[0]


def measure_all(
    attentions: Sequence[Attention],
    grid: TokenGrid,
    token_pixels: float | tuple[float, float],
    metrics: str | Iterable[str] | None = None,
    settings: RowSettings | None = None,
    exact_tokens: int = EXACT_TOKENS,
    sample: RowSample | None = None,
    progress: Progress | None = None,
) -> list[AttentionMetrics]:
    """Measure several attentions over the same tokens side by side, on all rows or a sample; see `measure`."""
    wanted = [metric for metric in (CATALOGUE[name] for name in chosen_metrics(metrics)) if metric.scope != "block"]
    layout, settings = TokenLayout.of(grid, token_pixels), settings or RowSettings()
    for attention in attentions:
        check_tokens(attention, grid)
    works = [Work(attention, wanted, layout, settings, exact_tokens, sample) for attention in attentions]
    watch = Watch(0 if progress is None else sum(work.amount for work in works), progress)
    tasks = [(work.spectra(watch), work.known_received(), work.rows(watch)) for work in works]
    results = iter(run_all([task for part in _long_ones_first(tasks) for task in part], watch))
    found = [[next(results) for _ in part] for part in _long_ones_first(tasks)]
    each = (found[number :: len(works)] for number in range(len(works)))
    return [_collected(work, *parts) for work, parts in zip(works, each, strict=True)]


def _long_ones_first(tasks: Sequence[tuple[list[Any], ...]]) -> list[list[Any]]:
    """Return the spectra of all attentions, then what is known of them, then their rows."""
    return [part for kind in zip(*tasks, strict=True) for part in kind]


def per_token(
    attention: Attention,
    grid: TokenGrid,
    token_pixels: float | tuple[float, float],
    metrics: str | Iterable[str] = _DEFAULT,
    settings: RowSettings | None = None,
    progress: Progress | None = None,
) -> dict[str, Float[np.ndarray, "heads tokens"]]:
    """Return maps over the tokens, by metric, each of shape (heads, N); see `measure`.

    Raises:
        ValueError: If the attention and the grid have different numbers of tokens, or a name is no row metric.

    Example:
        >>> from analysis import DenseAttention
        >>> per_token(DenseAttention(torch.full((1, 4, 4), 0.25)), TokenGrid(2, 2), 16, "mass")
        {'mass': array([[1., 1., 1., 1.]])}
    """
    wanted = chosen_metrics(metrics)
    others = [name for name in wanted if CATALOGUE[name].scope != "token"]
    if others:
        raise ValueError(f"{', '.join(others)} have no value per token; choose among {', '.join(metrics_of('token'))}.")
    return measure(attention, grid, token_pixels, wanted, settings, progress=progress).per_token


def measure_row(
    row: Float[Tensor, " tokens"] | Float[np.ndarray, " tokens"],
    grid: TokenGrid,
    anchor: int,
    token_pixels: float | tuple[float, float],
) -> dict[str, float]:
    """Return the metrics of one row or column of an attention, in double precision, by name.

    Args:
        row: One weight per token, not negative.
        grid: Where the tokens lie.
        anchor: The token that the row belongs to.
        token_pixels: Pixels of the image per token, one number or (height, width).

    Raises:
        ValueError: If the row does not hold one weight per token of the grid, or one is not finite.

    Example:
        >>> measure_row(np.array([0.5, 0.5]), TokenGrid(1, 2), anchor=0, token_pixels=16)["distance"]
        8.0
    """
    if len(row) != grid.num_tokens:
        raise ValueError(
            f"The grid has {grid.num_tokens} tokens but the row {len(row)} weights; pass the block's own grid."
        )
    block = RowBlock(anchor, torch.as_tensor(row).double()[None, None], None, len(row))
    of_row = RowMetrics(block, TokenLayout.of(grid, token_pixels), RowSettings())
    check_rows(of_row)
    values = {metric.name: metric.compute(of_row) for metric in CATALOGUE.values() if is_of_rows(metric)}
    return {name: value.item() for name, value in values.items() if value is not None}


def _collected(
    work: Work,
    spectra: Sequence[Spectrum | None],
    known_received: Sequence[Float[np.ndarray, "heads tokens"] | None],
    pieces: Sequence[Piece],
) -> AttentionMetrics:
    """Put the pieces of one attention together, and compute what follows from all of its rows."""
    found, sample = AttentionMetrics(), work.sample
    decomposed = [one for one in spectra if one is not None]
    exact = all(one.exact for one in decomposed)
    received = known_received[0] if known_received else _received(pieces)
    of_rows = in_order(pieces, None if sample is None else sample.tokens) if pieces else {}
    if sample is not None and of_rows:
        values = np.stack(list(of_rows.values()))  # all at once: the arrays are so small that calls take longest
        found.stderr.update(zip(of_rows, sample.standard_error(values), strict=True))
        of_rows = dict(zip(of_rows, sample.mean(values), strict=True))
    for metric in work.wanted:
        target = found.per_token if metric.scope == "token" else found.per_head
        if metric.takes == "spectrum":
            if decomposed and metric.is_estimate is not exact:
                target[metric.name] = np.array([metric.compute(one) for one in decomposed])
        elif metric.takes == "received":
            if received is not None:
                target[metric.name] = metric.compute(received)
        elif metric.name in of_rows:
            (target if sample is None else found.per_head)[metric.name] = of_rows[metric.name]
    return found


def _received(pieces: Sequence[Piece]) -> Float[np.ndarray, "heads tokens"] | None:
    """Return what each token receives from all rows; None if nobody asks."""
    parts = [piece.received for piece in pieces if piece.received is not None]
    return np.sum(parts, axis=0) if parts else None


def check_tokens(attention: Attention, grid: TokenGrid) -> None:
    """Check that an attention and a grid have equally many tokens."""
    if attention.num_tokens != grid.num_tokens:
        raise ValueError(
            f"The attention has {attention.num_tokens} tokens but the grid {grid.height} x {grid.width} has "
            f"{grid.num_tokens}; pass the grid of the same block."
        )
