"""The work of measuring one attention as tasks that run side by side, and what each of them returns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from analysis.redundancy.metric import Metric
from analysis.redundancy.ranks import Spectrum, known_spectrum, spectrum, spectrum_work
from analysis.redundancy.row_metrics import RowMetrics, RowSettings
from analysis.redundancy.row_sample import RowSample
from analysis.redundancy.scratch import Scratch
from analysis.redundancy.token_layout import TokenLayout
from analysis.redundancy.watch import Watch
from stvit import Attention, RowBlock
from stvit.attentions.base import block_rows

CHUNKS = 8
"""Parts of an attention that are measured side by side, whatever the number of cores: sums must not depend on it."""

Tokens: TypeAlias = range | Int[Tensor, " rows"]
"""Consecutive tokens, or chosen ones."""


@dataclass(frozen=True, eq=False)
class Piece:
    """What was measured of some rows.

    Attributes:
        anchors: Token of each row, in the order in which they were read.
        values: Metrics by name, each of shape (heads, rows).
        received: What every token receives from these rows; None if nobody asks.
    """

    anchors: Int[np.ndarray, " rows"]
    values: dict[str, Float[np.ndarray, "heads rows"]]
    received: Float[np.ndarray, "heads tokens"] | None


@dataclass(frozen=True, eq=False)
class Work:
    """What has to be done to measure an attention.

    Attributes:
        attention: The attention.
        wanted: What to measure, without metrics of blocks.
        layout: Where its tokens lie.
        settings: The parameters of the metrics.
        exact_tokens: Up to this many tokens, ranks of attentions without factors are exact.
        sample: The rows to read; None for all.
    """

    attention: Attention
    wanted: Sequence[Metric]
    layout: TokenLayout
    settings: RowSettings
    exact_tokens: int
    sample: RowSample | None = None

    @property
    def of_rows(self) -> list[Metric]:
        """The metrics that are measured row by row."""
        return [metric for metric in self.wanted if is_of_rows(metric)]

    @property
    def receiving(self) -> bool:
        """Whether anybody asks what tokens receive."""
        return any(metric.takes == "received" for metric in self.wanted)

    @property
    def amount(self) -> int:
        """How much there is to do, counted in weights of rows."""
        return self._rows_amount + self._spectra * spectrum_work(self.attention, self.exact_tokens, self.sample is None)

    def spectra(self, watch: Watch) -> list[Callable[[], Spectrum | None]]:
        """Return tasks that decompose one head each, without reading all rows if there is a sample."""
        heads = range(self._spectra)
        if self.sample is not None:
            return [partial(known_spectrum, self.attention, head) for head in heads]
        return [partial(spectrum, self.attention, head, self.exact_tokens, watch) for head in heads]

    def known_received(self) -> list[Callable[[], Float[np.ndarray, "heads tokens"] | None]]:
        """Return, for a sample, one task that asks the attention what each token receives."""
        return [self._known_received] if self.receiving and self.sample is not None else []

    def rows(self, watch: Watch) -> list[Callable[[], Piece]]:
        """Return tasks that measure some rows each; none if nothing of rows is wanted."""
        if not self._reads_rows:
            return []
        return [partial(self._measure, tokens, watch) for tokens in self._chunks()]

    def _known_received(self) -> Float[np.ndarray, "heads tokens"] | None:
        known = self.attention.plain.received()
        return None if known is None else known.double().numpy(force=True)

    @property
    def _spectra(self) -> int:
        return self.attention.heads if any(metric.takes == "spectrum" for metric in self.wanted) else 0

    @property
    def _reads_rows(self) -> bool:
        return bool(self.of_rows) or (self.receiving and self.sample is None)

    @property
    def _tokens(self) -> Tokens:
        """The tokens whose rows are read, neighbours one after the other: many attentions are faster then."""
        if self.sample is None:
            return range(self.attention.num_tokens)
        return self.sample.tokens.sort().values.to(self.attention.device)

    @property
    def _rows_amount(self) -> int:
        rows = self.attention.num_tokens if self.sample is None else len(self.sample.tokens)
        return self._reads_rows * rows * self.attention.heads * self.attention.row_width

    def _chunks(self) -> list[Tokens]:
        """Cut the tokens into at most CHUNKS parts of about equal length, none shorter than a block needs to be."""
        tokens = self._tokens
        count = min(CHUNKS, -(-len(tokens) // block_rows(self.attention)))
        edges = [part * len(tokens) // count for part in range(count + 1)]
        return [tokens[first:last] for first, last in pairwise(edges)]

    def _measure(self, tokens: Tokens, watch: Watch) -> Piece:
        """Measure the rows of some tokens.

        The arrays are made beforehand: small ones kept from a block would lie between the large ones and stop the
        allocator from using the freed memory again.
        """
        heads, of_rows = self.attention.heads, self.of_rows
        values = {metric.name: np.empty((heads, len(tokens))) for metric in of_rows}
        received = np.zeros((heads, self.attention.num_tokens)) if self.receiving and self.sample is None else None
        anchors = np.empty(len(tokens), dtype=np.int64)
        start, scratch = 0, Scratch()
        for block in self.attention.some_rows(tokens):
            rows = metrics_of_rows(block, self.layout, self.settings, scratch)
            check_rows(rows)
            here = slice(start, start := start + block.weight.shape[1])
            anchors[here] = block.anchors.numpy(force=True)
            for metric in of_rows:
                found = metric.compute(rows)
                if found is None:
                    values.pop(metric.name, None)
                else:
                    values[metric.name][:, here] = found.numpy(force=True)
            if received is not None:
                rows.add_received(received)
            watch.advance(block.weight.numel())
        return Piece(anchors, values, received)


def metrics_of_rows(
    block: RowBlock, layout: TokenLayout, settings: RowSettings, scratch: Scratch | None = None
) -> RowMetrics:
    """Return the metrics of a block of rows, computed in the fastest way there is for such rows."""
    if not can_be_compiled(block):
        return RowMetrics(block, layout, settings, scratch)
    from analysis.redundancy.compiled_rows import CompiledRows  # here, since a compiler takes time to import

    return CompiledRows(block, layout, settings, scratch)


def can_be_compiled(block: RowBlock) -> bool:
    """Return whether rows are dense, on the CPU and measured in single precision."""
    weight = block.weight
    single = torch.promote_types(weight.dtype, torch.float32) == torch.float32
    return block.token is None and weight.device.type == "cpu" and single


def is_of_rows(metric: Metric) -> bool:
    """Return whether a metric is measured row by row."""
    return metric.scope == "token" and metric.takes == "rows"


def check_rows(rows: RowMetrics) -> None:
    """Check that rows can be measured: where every sum is finite, every weight is, too."""
    if not rows.mass.isfinite().all():
        raise ValueError("The attention holds numbers that are not finite; its queries, keys or weights overflow.")


def in_order(
    pieces: Sequence[Piece], tokens: Int[Tensor, " rows"] | None
) -> dict[str, Float[np.ndarray, "heads rows"]]:
    """Return the metrics of all rows in the order of these tokens, or of all tokens if None."""
    anchors = np.concatenate([piece.anchors for piece in pieces])
    order = np.argsort(anchors)  # no token is read twice
    if tokens is not None:
        order = order[np.searchsorted(anchors, tokens.numpy(force=True), sorter=order)]
    return {
        name: np.concatenate([piece.values[name] for piece in pieces], axis=1)[:, order] for name in pieces[0].values
    }
