"""Analysis of captures: attention baselines, redundancy, superpixels and figures.

The public names load when they are first used, so that the registries (`analysis.attention.kinds`,
`analysis.redundancy.catalogue`) can be read without importing torch.
"""

from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.attention.dense import DenseAttention
    from analysis.redundancy.ledger import ledger
    from analysis.redundancy.measure import measure

__all__ = ["DenseAttention", "ledger", "measure"]

_HOMES = {
    "DenseAttention": "analysis.attention.dense",
    "ledger": "analysis.redundancy.ledger",
    "measure": "analysis.redundancy.measure",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"Module analysis has no attribute {name!r}; it offers {', '.join(__all__)}.")
    return resolve_name(f"{_HOMES[name]}:{name}")
