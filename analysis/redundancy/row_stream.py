"""Measure the rows of an attention as tasks that may run side by side."""

from collections.abc import Callable
from functools import partial

import numpy as np
from jaxtyping import Float

from analysis.attention.row_blocks import RowReader
from analysis.attention.row_source import RowSource
from analysis.redundancy.row_metrics import RowSettings, RowView
from analysis.redundancy.token_layout import TokenLayout

CHUNKS = 8
"""Parts of an attention that are measured side by side, whatever the number of cores: sums must not depend on it."""

_Range = tuple[int, int]


class RowStream:
    """Row metrics of an attention, block by block, and the sum of what its tokens receive.

    Results are written into arrays made beforehand: small tensors kept from each block would lie between the large
    ones and stop the allocator from using the freed memory again.

    Args:
        source: Any attention.
        layout: Where its tokens lie.
        names: Names of `RowView`'s metrics, and "received".
        settings: What the metrics leave open.

    Attributes:
        tasks: What is to be done, in any order, also at the same time.
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
