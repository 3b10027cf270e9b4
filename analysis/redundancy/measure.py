"""How redundant an attention is: numbers for every token and head, from its rows, streamed in blocks."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from analysis.redundancy.catalogue import CATALOGUE, Metric, chosen_metrics, metrics_of
from analysis.redundancy.parallel import Watch, run_all, stopping_point
from analysis.redundancy.ranks import EXACT_TOKENS, Spectrum, known_spectrum, spectrum
from analysis.redundancy.row_metrics import RowMetrics, RowSettings
from analysis.redundancy.row_sample import RowSample, draw_rows
from analysis.redundancy.token_layout import TokenLayout
from stvit import Attention, RowBlock, TokenGrid

CHUNKS = 8
"""Parts of an attention that are measured side by side, whatever the number of cores: sums must not depend on it."""

_DEFAULT = ("mass", "entropy", "distance")
_RECEIVED = "received by every token"

_Range = tuple[int, int]
_Piece = dict[str, np.ndarray]


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
        means = {name: values.mean(axis=1, dtype=np.float64) for name, values in self.per_token.items()}
        return means | self.per_head


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
    return measure_all([attention], grid, token_pixels, metrics, settings, exact_tokens, sample)[0]


def measure_all(
    attentions: Sequence[Attention],
    grid: TokenGrid,
    token_pixels: float | tuple[float, float],
    metrics: str | Iterable[str] | None = None,
    settings: RowSettings | None = None,
    exact_tokens: int = EXACT_TOKENS,
    sample: RowSample | None = None,
    watch: Watch | None = None,
) -> list[AttentionMetrics]:
    """Measure several attentions over the same tokens side by side, on all rows or a sample; see `measure`.

    `watch` is called several times a second; what it raises stops the work.
    """
    wanted = [metric for metric in (CATALOGUE[name] for name in chosen_metrics(metrics)) if metric.scope != "block"]
    layout, settings = TokenLayout.of(grid, token_pixels), settings or RowSettings()
    for attention in attentions:
        check_tokens(attention, grid)
    spectra = [_spectrum_tasks(attention, wanted, exact_tokens, sample) for attention in attentions]
    rows = [_row_tasks(attention, layout, wanted, settings, sample) for attention in attentions]
    results = iter(run_all([task for tasks in (*spectra, *rows) for task in tasks], watch))  # the long ones first
    found_spectra = [[next(results) for _ in tasks] for tasks in spectra]
    found_rows = [[next(results) for _ in tasks] for tasks in rows]
    parts = zip(attentions, found_rows, found_spectra, strict=True)
    return [_collected(*found, wanted, sample) for found in parts]


def per_token(
    attention: Attention,
    grid: TokenGrid,
    token_pixels: float | tuple[float, float],
    metrics: str | Iterable[str] = _DEFAULT,
    settings: RowSettings | None = None,
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
    return measure(attention, grid, token_pixels, wanted, settings).per_token


def measure_row(
    row: Float[Tensor, " tokens"] | Float[np.ndarray, " tokens"],
    grid: TokenGrid,
    anchor: int,
    token_pixels: float | tuple[float, float],
    settings: RowSettings | None = None,
) -> dict[str, float]:
    """Return the metrics of one row or column of an attention, in double precision, by name.

    Args:
        row: One weight per token, not negative.
        grid: Where the tokens lie.
        anchor: The token that the row belongs to.
        token_pixels: Pixels of the image per token, one number or (height, width).
        settings: Window of "local_mass" and k of "top_mass".

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
    of_row = RowMetrics(block, TokenLayout.of(grid, token_pixels), settings or RowSettings())
    _check_rows(of_row)
    values = {metric.name: metric.compute(of_row) for metric in CATALOGUE.values() if _is_of_rows(metric)}
    return {name: value.item() for name, value in values.items() if value is not None}


def _spectrum_tasks(
    attention: Attention, wanted: Sequence[Metric], exact_tokens: int, sample: RowSample | None
) -> list[Callable[[], Any]]:
    """Return tasks that decompose one head each, without reading all rows if there is a sample."""
    needed = any(metric.takes == "spectrum" for metric in wanted)
    find = partial(spectrum, exact_tokens=exact_tokens) if sample is None else known_spectrum
    return [partial(find, attention, head) for head in range(attention.heads if needed else 0)]


def _row_tasks(
    attention: Attention,
    layout: TokenLayout,
    wanted: Sequence[Metric],
    settings: RowSettings,
    sample: RowSample | None,
) -> list[Callable[[], Any]]:
    """Return tasks that measure some rows each; none if nothing of rows is wanted."""
    of_rows = [metric for metric in wanted if _is_of_rows(metric)]
    receiving = any(metric.takes == "received" for metric in wanted) and sample is None
    if not of_rows and not receiving:
        return []
    chunks = _chunks(attention.row_ranges(rows=None if sample is None else len(sample.tokens)))
    read = attention.head_rows if sample is None else partial(_sampled_rows, attention, sample)
    return [partial(_measure_rows, attention, read, ranges, layout, settings, of_rows, receiving) for ranges in chunks]


def _sampled_rows(attention: Attention, sample: RowSample, start: int, stop: int) -> RowBlock:
    """Return the rows of anchors start to stop (excluded) of a sample."""
    return attention.chosen_rows(sample.tokens[start:stop].to(attention.device))


def _is_of_rows(metric: Metric) -> bool:
    return metric.scope == "token" and metric.takes == "rows"


def _measure_rows(
    attention: Attention,
    read: Callable[[int, int], RowBlock],
    ranges: list[_Range],
    layout: TokenLayout,
    settings: RowSettings,
    of_rows: Sequence[Metric],
    receiving: bool,
) -> _Piece:
    """Return the metrics of rows that follow each other, by name, (heads, rows), and what all tokens receive from them.

    The arrays are made beforehand: small ones kept from a block would lie between the large ones and stop the allocator
    from using the freed memory again.
    """
    first, last = ranges[0][0], ranges[-1][1]
    piece: _Piece = {metric.name: np.empty((attention.heads, last - first)) for metric in of_rows}
    if receiving:
        piece[_RECEIVED] = np.zeros((attention.heads, attention.num_tokens))
    for start, stop in ranges:
        stopping_point()
        rows = RowMetrics(read(start, stop), layout, settings)
        _check_rows(rows)
        for metric in of_rows:
            values = metric.compute(rows)
            if values is None:
                piece.pop(metric.name, None)
            else:
                piece[metric.name][:, start - first : stop - first] = values.numpy(force=True)
        if receiving:
            piece[_RECEIVED] += rows.received.numpy(force=True)
    return piece


def _check_rows(rows: RowMetrics) -> None:
    """Check that rows can be measured: where every sum is finite, every weight is, too."""
    if not rows.mass.isfinite().all():
        raise ValueError("The attention holds numbers that are not finite; its queries, keys or weights overflow.")


def _chunks(ranges: list[_Range]) -> list[list[_Range]]:
    """Cut the blocks of rows into at most CHUNKS consecutive parts of about equal length."""
    count = min(CHUNKS, len(ranges))
    return [ranges[part * len(ranges) // count : (part + 1) * len(ranges) // count] for part in range(count)]


def _collected(
    attention: Attention,
    pieces: Sequence[_Piece],
    spectra: Sequence[Spectrum | None],
    wanted: Sequence[Metric],
    sample: RowSample | None,
) -> AttentionMetrics:
    """Put the pieces of one attention together, and compute what follows from all of its rows."""
    found = AttentionMetrics()
    by_token = _received_by_token(attention, pieces, wanted, sample)
    known = [one for one in spectra if one is not None]
    exact = all(one.exact for one in known)
    for metric in wanted:
        target = found.per_token if metric.scope == "token" else found.per_head
        if metric.takes == "spectrum":
            if known and metric.is_estimate is not exact:
                target[metric.name] = np.array([metric.compute(one.values) for one in known])
        elif metric.takes == "received":
            if by_token is not None:
                target[metric.name] = metric.compute(by_token)
        elif metric.name in pieces[0]:
            values = np.concatenate([piece[metric.name] for piece in pieces], axis=1)
            if sample is None:
                target[metric.name] = values
            else:
                found.per_head[metric.name] = sample.mean(values)
                found.stderr[metric.name] = sample.standard_error(values)
    return found


def _received_by_token(
    attention: Attention, pieces: Sequence[_Piece], wanted: Sequence[Metric], sample: RowSample | None
) -> Float[np.ndarray, "heads tokens"] | None:
    """Return what each token receives from all rows; None if nobody asks, or if a sample cannot tell."""
    if not any(metric.takes == "received" for metric in wanted):
        return None
    if sample is None:
        return np.sum([piece[_RECEIVED] for piece in pieces], axis=0)
    known = attention.plain.received()
    return None if known is None else known.double().numpy(force=True)


def check_tokens(attention: Attention, grid: TokenGrid) -> None:
    """Check that an attention and a grid have equally many tokens."""
    if attention.num_tokens != grid.num_tokens:
        raise ValueError(
            f"The attention has {attention.num_tokens} tokens but the grid {grid.height} x {grid.width} has "
            f"{grid.num_tokens}; pass the grid of the same block."
        )
