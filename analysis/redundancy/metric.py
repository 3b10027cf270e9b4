"""What is known about one number of the ledger; can be read without importing torch."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pkgutil import resolve_name
from typing import Any, Literal

Scope = Literal["token", "head", "block"]

ESTIMATE = "_estimate"
"""Ending of the name of a number that is an estimate, not exact."""


@dataclass(frozen=True)
class Metric:
    """What one number says.

    Attributes:
        name: Name in the ledger.
        title: Name for people.
        unit: Its unit.
        scope: "token": one value per token and head, the ledger holds the mean over tokens; "head": one value per
            head; "block": one value per block, without heads.
        redundant: Whether "high" or "low" values mean that the attention or the tokens are redundant; None where
            the number says nothing about that.
        sentence: One sentence for people.
        rule: What computes it, a function or its address as "module:name", which is imported when it is first used.
            None for a property of `RowMetrics`, and for what comes with the other values of a block.
        takes: What the rule is given. "rows": a `RowMetrics`, for one value per head and row; "received": the
            attention that each token receives, shape (heads, N), for one value per head (or per head and token,
            as the scope says); "spectrum": the `analysis.redundancy.ranks.Spectrum` of one head, for one value. Rules
            of blocks are given the `analysis.redundancy.cka.BlockTokens` of the block and of the one before it (or
            None), for one value.
    """

    name: str
    title: str
    unit: str
    scope: Scope
    redundant: Literal["high", "low"] | None
    sentence: str
    rule: str | Callable[..., Any] | None = None
    takes: Literal["rows", "received", "spectrum"] = "rows"

    def compute(self, *given: Any) -> Any:
        """Return the metric of what it takes; None where it does not exist (no other heads to compare with, say)."""
        if self.rule is None:
            return getattr(given[0], self.name)
        rule = _resolved(self.rule) if isinstance(self.rule, str) else self.rule
        return rule(*given)

    @property
    def is_estimate(self) -> bool:
        """Whether this is the estimate of another metric."""
        return self.name.endswith(ESTIMATE)

    @property
    def link(self) -> str:
        """The part of the documentation that gives its formula, as a path from the root of the project."""
        return f"docs/metrics.md#metrics-of-{'rows' if self.scope == 'token' else self.scope + 's'}"


@cache
def _resolved(address: str) -> Callable[..., Any]:
    """Return the function at an address; asked for thousands of times in a sweep, it is looked up once."""
    function: Callable[..., Any] = resolve_name(address)
    return function
