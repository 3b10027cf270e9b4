"""About how long a ledger takes, so that pages can say so before they start, and measure a sample where it is long."""

from collections.abc import Iterable, Sequence

from analysis.attention.kinds import DEFAULT_WINDOW, KINDS
from analysis.redundancy.ranks import EXACT_TOKENS
from stvit import TokenGrid

ROW_SECONDS = 4e-9
"""Of one thread for one weight of an attention, all metrics of rows; `python -m benchmarks redundancy` measures it."""

RANK_SECONDS = 20e-9
"""The same for ranks that are estimated, whose sketch reads every row three times."""


def exact_seconds(
    blocks: Iterable[tuple[TokenGrid, int]], attentions: Sequence[str], threads: int, *, ranks: bool = True
) -> float:
    """Return about how many seconds a ledger of all rows and all metrics takes.

    Args:
        blocks: Grid and number of heads of each block.
        attentions: Names of `analysis.attention.kinds.KINDS`.
        threads: Threads that measure.
        ranks: Whether ranks are measured too.

    Example:
        >>> round(exact_seconds([(TokenGrid(100, 100), 1)], ["super"], threads=1), 2)
        0.4
    """
    return sum(_seconds(grid, heads, name, ranks) for grid, heads in blocks for name in attentions) / threads


def _seconds(grid: TokenGrid, heads: int, attention: str, ranks: bool) -> float:
    kind, tokens = KINDS[attention], grid.num_tokens
    row = min(tokens, DEFAULT_WINDOW**2) if kind.windowed else tokens
    estimated = ranks and not kind.quick and tokens > EXACT_TOKENS
    return heads * tokens * row * (ROW_SECONDS + RANK_SECONDS * estimated)
