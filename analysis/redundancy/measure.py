"""How redundant an attention is: numbers for every token and head, from its rows, streamed in blocks."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from jaxtyping import Float

from analysis.attention.row_blocks import row_blocks
from analysis.attention.row_source import RowSource
from analysis.redundancy.catalogue import ESTIMATE, chosen_metrics, metrics_of
from analysis.redundancy.parallel import run_all
from analysis.redundancy.ranks import EXACT_TOKENS, Spectrum, effective_rank, spectrum, stable_rank
from analysis.redundancy.row_metrics import RowSettings, RowView
from analysis.redundancy.row_stream import RowStream
from analysis.redundancy.token_layout import TokenLayout
from stvit import TokenGrid

SINK_FACTOR = 10.0
"""A token that receives more than this many fair shares counts as a sink."""

_BETWEEN_HEADS = ("head_divergence", "head_cosine")
_RECEIVED = ("received_max", "sinks", "sink_mass")
_RANKS = {"effective_rank": effective_rank, "stable_rank": stable_rank}
_DEFAULT = ("mass", "entropy", "distance")


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
        metrics: Names of row metrics, see `analysis.redundancy.catalogue`.
        settings: Window of "local_mass" and k of "top_mass".

    Returns:
        By metric, shape (heads, N). Metrics between heads are left out if there is one head.

    Raises:
        ValueError: If the attention and the grid have different numbers of tokens, or a name is no row metric.
    """
    wanted = chosen_metrics(metrics)
    others = [name for name in wanted if name not in metrics_of("token")]
    if others:
        raise ValueError(f"{', '.join(others)} have no value per token; choose among {', '.join(metrics_of('token'))}.")
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
        metrics: Names of row and head metrics, see `analysis.redundancy.catalogue`; all if None.
        settings: Window of "local_mass" and k of "top_mass".
        exact_tokens: Up to this many tokens, ranks of attentions without factors are exact.

    Raises:
        ValueError: If the attention and the grid have different numbers of tokens, or a name is unknown.
    """
    measurement = Measurement(source, grid, token_pixels, metrics, settings, exact_tokens)
    run_measurements([measurement])
    return measurement.result()


class Measurement:
    """The work of `measure` as tasks, so that several attentions can be measured side by side.

    Takes the arguments of `measure` and raises what it raises.
    """

    def __init__(
        self,
        source: RowSource,
        grid: TokenGrid,
        token_pixels: float | tuple[float, float],
        metrics: Iterable[str] | None = None,
        settings: RowSettings | None = None,
        exact_tokens: int = EXACT_TOKENS,
    ) -> None:
        _check_tokens(source, grid)
        wanted = chosen_metrics(metrics)
        self._source = source
        self._rows = [n for n in metrics_of("token") if n in wanted and (source.heads > 1 or n not in _BETWEEN_HEADS)]
        self._received = [name for name in _RECEIVED if name in wanted]
        self._ranks = [name for name in _RANKS if name in wanted]
        self._exact_tokens = exact_tokens
        self._spectra: dict[int, Spectrum] = {}
        streamed = [*self._rows, "received"] if self._received else self._rows
        self._stream = RowStream(source, TokenLayout.of(grid, token_pixels), streamed, settings or RowSettings())

    @property
    def spectra(self) -> list[Callable[[], None]]:
        """The long tasks: one spectrum for each head."""
        return [partial(self._decompose, head) for head in range(self._source.heads)] if self._ranks else []

    @property
    def streams(self) -> list[Callable[[], None]]:
        """The short tasks: some rows each."""
        return self._stream.tasks

    def result(self) -> AttentionMetrics:
        """Return what was measured, after all tasks were run."""
        maps = self._stream.maps()
        values = _received(maps["received"], self._received) if self._received else {}
        values |= _ranks([self._spectra[head] for head in sorted(self._spectra)], self._ranks)
        in_order = {name: values[name] for name in metrics_of("head") if name in values}
        return AttentionMetrics({name: maps[name] for name in self._rows}, in_order)

    def _decompose(self, head: int) -> None:
        self._spectra[head] = spectrum(self._source, head, self._exact_tokens)


def run_measurements(measurements: Iterable[Measurement]) -> None:
    """Run the tasks of all side by side, the long ones first."""
    together = list(measurements)
    run_all([*(task for one in together for task in one.spectra), *(task for one in together for task in one.streams)])


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
