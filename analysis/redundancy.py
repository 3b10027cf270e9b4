"""How redundant an attention is: numbers for every token and head, from its rows, streamed in blocks."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from jaxtyping import Float

from analysis.attention_sources import RowSource
from analysis.metric_catalogue import ESTIMATE, HEAD_METRICS, ROW_METRICS, chosen_metrics
from analysis.parallel import run_all
from analysis.row_blocks import RowReader, row_blocks
from analysis.row_view import RowSettings, RowView
from analysis.spectrum import EXACT_TOKENS, Spectrum, effective_rank, spectrum, stable_rank
from analysis.token_layout import TokenLayout
from stvit import TokenGrid

SINK_FACTOR = 10.0
"""A token that receives more than this many fair shares counts as a sink."""

CHUNKS = 8
"""Parts of an attention that are measured side by side, whatever the number of cores: sums must not depend on it."""

_BETWEEN_HEADS = ("head_divergence", "head_cosine")
_RECEIVED = ("received_max", "sinks", "sink_mass")
_RANKS = {"effective_rank": effective_rank, "stable_rank": stable_rank}
_DEFAULT = ("mass", "entropy", "distance")

_Range = tuple[int, int]


@dataclass(frozen=True, eq=False)
class AttentionMetrics:
    """What was measured of one attention, by name of the metric.

    Attributes:
        per_token: Each of shape (heads, N): maps over the tokens.
        per_head: Each of shape (heads,).
    """

    per_token: dict[str, Float[np.ndarray, "heads tokens"]] = field(default_factory=dict)
    per_head: dict[str, Float[np.ndarray, " heads"]] = field(default_factory=dict)

    def head_values(self) -> dict[str, Float[np.ndarray, " heads"]]:
        """Return one value per head for every metric: the mean over tokens of what is per token."""
        means = {name: values.mean(axis=1, dtype=np.float64) for name, values in self.per_token.items()}
        return means | self.per_head


def per_token(
    source: RowSource,
    grid: TokenGrid,
    token_pixels: float | tuple[float, float],
    metrics: Iterable[str] = _DEFAULT,
    settings: RowSettings | None = None,
) -> dict[str, Float[np.ndarray, "heads tokens"]]:
    """Measure every row of an attention in one pass.

    Rows that keep less than all their mass (token attention near the border) are measured conditional on the mass
    kept, that is, row / row sum; "mass" reports what was kept. A row without mass measures 0.

    Args:
        source: Any attention over the grid's tokens.
        grid: Where the tokens lie.
        token_pixels: Pixels of the image per token, one number or (height, width).
        metrics: Names of row metrics, see `analysis.metric_catalogue.ROW_METRICS`.
        settings: Window of "local_mass" and k of "top_mass".

    Returns:
        By metric, shape (heads, N). Metrics between heads are left out if there is one head.

    Raises:
        ValueError: If the attention and the grid have different numbers of tokens, or a name is no row metric.
    """
    wanted = chosen_metrics(metrics)
    others = [name for name in wanted if name not in ROW_METRICS]
    if others:
        raise ValueError(f"{', '.join(others)} have no value per token; choose among {', '.join(ROW_METRICS)}.")
    return measure(source, grid, token_pixels, wanted, settings).per_token


def measure(
    source: RowSource,
    grid: TokenGrid,
    token_pixels: float | tuple[float, float],
    metrics: Iterable[str] | None = None,
    settings: RowSettings | None = None,
    exact_tokens: int = EXACT_TOKENS,
) -> AttentionMetrics:
    """Measure an attention: its rows in one pass, what each token receives, and its ranks.

    Row metrics and received attention are conditional on the mass kept, see `per_token`. Ranks are those of the
    attention as it is; where they are estimates, their names end in "_estimate" (see `analysis.spectrum`).

    Args:
        source: Any attention over the grid's tokens.
        grid: Where the tokens lie.
        token_pixels: Pixels of the image per token, one number or (height, width).
        metrics: Names of row and head metrics, see `analysis.metric_catalogue`; all if None.
        settings: Window of "local_mass" and k of "top_mass".
        exact_tokens: Up to this many tokens, ranks of attentions without factors are exact.

    Raises:
        ValueError: If the attention and the grid have different numbers of tokens, or a name is unknown.
    """
    _check_tokens(source, grid)
    wanted = chosen_metrics(metrics)
    rows = [name for name in ROW_METRICS if name in wanted and (source.heads > 1 or name not in _BETWEEN_HEADS)]
    received = [name for name in _RECEIVED if name in wanted]
    streamed = [*rows, "received"] if received and "received" not in rows else rows
    ranks = [name for name in _RANKS if name in wanted]
    stream = _Stream(source, TokenLayout.of(grid, token_pixels), streamed, settings or RowSettings())
    heads = range(source.heads) if ranks else ()
    spectra = [partial(spectrum, source, head, exact_tokens) for head in heads]
    tasks: list[Callable[[], Spectrum | None]] = [*spectra, *stream.tasks]  # the longest first
    found = run_all(tasks)
    maps = stream.maps()
    values = _received(maps["received"], received) if received else {}
    values |= _ranks([one for one in found if one is not None], ranks)
    return AttentionMetrics({name: maps[name] for name in rows}, {n: values[n] for n in HEAD_METRICS if n in values})


def head_pairs(
    source: RowSource, grid: TokenGrid
) -> tuple[Float[np.ndarray, "heads heads"], Float[np.ndarray, "heads heads"]]:
    """Return how far apart and how alike each pair of heads is, averaged over rows.

    Returns:
        The Jensen-Shannon divergence in nats (0 on the diagonal) and the cosine (1 on the diagonal).

    Raises:
        ValueError: If the attention and the grid have different numbers of tokens.
    """
    _check_tokens(source, grid)
    divergence, cosine = np.zeros((source.heads, source.heads)), np.eye(source.heads)
    pairs = np.triu_indices(source.heads, 1)
    layout = TokenLayout.of(grid, 1)
    for block in row_blocks(source):
        view = RowView(block, layout, RowSettings())
        divergence[pairs] += view.pair_divergence.sum(1).numpy(force=True) / source.num_tokens
        cosine[pairs] += view.pair_cosine.sum(1).numpy(force=True) / source.num_tokens
    return divergence + divergence.T, np.maximum(cosine, cosine.T)


class _Stream:
    """Computes row metrics block by block, and adds up what the tokens receive.

    Results are written into arrays made beforehand: small tensors kept from each block would lie between the large
    ones and stop the allocator from using the freed memory again.
    """

    def __init__(self, source: RowSource, layout: TokenLayout, names: list[str], settings: RowSettings) -> None:
        self._layout, self._settings = layout, settings
        shape = source.heads, source.num_tokens
        self._maps = {name: np.zeros(shape) for name in names if name != "received"}
        self._received: list[np.ndarray] = []
        self.tasks: list[Callable[[], None]] = []
        if not names:
            return
        reader = RowReader(source)
        chunks = _chunks(reader.ranges)
        self.tasks = [partial(self._measure, reader, number, chunk) for number, chunk in enumerate(chunks)]
        if "received" in names:
            self._received = [np.zeros(shape) for _ in chunks]

    def maps(self) -> dict[str, Float[np.ndarray, "heads tokens"]]:
        """Return the results after all tasks were run."""
        return self._maps | ({"received": np.sum(self._received, axis=0)} if self._received else {})

    def _measure(self, reader: RowReader, chunk: int, ranges: list[_Range]) -> None:
        for start, stop in ranges:
            view = RowView(reader.read(start, stop), self._layout, self._settings)
            for name, values in self._maps.items():
                values[:, start:stop] = getattr(view, name).numpy(force=True)
            if self._received:
                self._received[chunk] += view.received(self._layout.grid.num_tokens).numpy(force=True)


def _chunks(ranges: list[_Range]) -> list[list[_Range]]:
    """Cut the blocks of rows into at most CHUNKS consecutive parts of about equal length."""
    count = min(CHUNKS, len(ranges))
    return [ranges[part * len(ranges) // count : (part + 1) * len(ranges) // count] for part in range(count)]


def _received(received: Float[np.ndarray, "heads tokens"], names: list[str]) -> dict[str, np.ndarray]:
    """Summarise the received attention of each head; a fair share is the mean over tokens."""
    total = received.sum(axis=1)
    sink = received > SINK_FACTOR * received.mean(axis=1, keepdims=True)
    values = {
        "received_max": received.max(axis=1),
        "sinks": sink.sum(axis=1).astype(np.float64),
        "sink_mass": (received * sink).sum(axis=1) / np.where(total > 0, total, 1),
    }
    return {name: values[name] for name in names}


def _ranks(spectra: list[Spectrum], names: list[str]) -> dict[str, np.ndarray]:
    ending = "" if all(one.exact for one in spectra) else ESTIMATE
    return {name + ending: np.array([_RANKS[name](one.values) for one in spectra]) for name in names}


def _check_tokens(source: RowSource, grid: TokenGrid) -> None:
    if source.num_tokens != grid.num_tokens:
        raise ValueError(
            f"The attention has {source.num_tokens} tokens but the grid {grid.height} x {grid.width} has "
            f"{grid.num_tokens}; pass the grid of the same block."
        )
