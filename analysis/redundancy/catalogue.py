"""Every number of the ledger as data: what it is called, its unit, what it belongs to and how to read it.

Read without importing torch. `CATALOGUE` maps names to `Metric`s in the order of the ledger; pages, commands, figures
and documents read their fields `name`, `title`, `unit`, `scope`, `redundant`, `sentence`, `is_estimate` and `link`.

To add a metric, write what computes it (for one of rows, a property of `analysis.redundancy.row_metrics.RowMetrics`),
and add an entry in `analysis.redundancy.attention_entries` or `analysis.redundancy.block_entries`.
"""

from collections.abc import Iterable

from analysis.redundancy.attention_entries import ATTENTION_ENTRIES
from analysis.redundancy.block_entries import BLOCK_ENTRIES
from analysis.redundancy.metric import ESTIMATE, Metric, Scope

CATALOGUE: dict[str, Metric] = {metric.name: metric for metric in (*ATTENTION_ENTRIES, *BLOCK_ENTRIES)}
"""All metrics by name, in the order of the ledger."""


def metrics_of(scope: Scope) -> tuple[str, ...]:
    """Return the names of all metrics of one scope, in the order of the ledger.

    Example:
        >>> "entropy" in metrics_of("token"), "entropy" in metrics_of("head")
        (True, False)
    """
    return tuple(name for name, metric in CATALOGUE.items() if metric.scope == scope)


def chosen_metrics(names: str | Iterable[str] | None) -> tuple[str, ...]:
    """Return the wanted metrics in the order of the catalogue; all if None.

    A name also stands for its estimate: "effective_rank" asks for "effective_rank_estimate" where only that can be
    had, and the other way round.

    Raises:
        ValueError: If a name is unknown; the message lists the known ones.

    Example:
        >>> chosen_metrics("entropy")
        ('entropy',)
    """
    if names is None:
        return tuple(CATALOGUE)
    wanted = {names} if isinstance(names, str) else set(names)
    unknown = sorted(str(name) for name in wanted if name not in CATALOGUE)
    if unknown:
        raise ValueError(f"There is no metric named {', '.join(unknown)}; known are {', '.join(CATALOGUE)}.")
    stems = {name.removesuffix(ESTIMATE) for name in wanted}
    return tuple(name for name in CATALOGUE if name.removesuffix(ESTIMATE) in stems)
