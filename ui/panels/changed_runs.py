"""Runs of the model with another association, compared with its own."""

from collections.abc import Callable, Hashable
from functools import partial
from typing import Any

from analysis.changes import CHANGES
from analysis.counterfactual import Outcome, outcome_of
from analysis.foreign_change import foreign_change
from analysis.grouping.foreign import ForeignGroups
from analysis.redundancy.watch import Progress
from stvit import BlockId
from ui.ahead import Check
from ui.panels.running import parameters, watched
from ui.view.runs import run_changed
from ui.view.store import STORE, this_session
from ui.view.view import View


def outcome_on(
    view: View, name: str, parameter: int | None, groups: ForeignGroups | None, block: BlockId | None
) -> Outcome:
    """Return what is shown of a changed run, with the metrics of a block or of all, watched where it takes long.

    The run itself, which is large, is not kept.
    """
    arguments = (view, name, parameter, groups, block)
    label, make = "Running the model with the other association", outcome_later(*arguments)
    return watched(view, _key(*arguments), label, "changed run", parameters(view), make)


def outcome_later(*arguments: Any, progress: Progress | None = None) -> Callable[[], Outcome]:
    """Return what returns the same unwatched, in any thread; call it where the session is known, as pages are drawn."""
    make = partial(_outcome, *arguments, progress=progress)
    return partial(STORE.get, _key(*arguments), make, _nbytes, this_session())


def _key(view: View, name: str, parameter: int | None, groups: ForeignGroups | None, block: BlockId | None) -> Hashable:
    return "changed", view.key, name, parameter, groups and groups.digest, block


def _outcome(
    view: View,
    name: str,
    parameter: int | None,
    groups: ForeignGroups | None,
    block: BlockId | None,
    *,
    progress: Progress | None,
) -> Outcome:
    change = CHANGES.get(name)
    if change is None:
        assert groups is not None
        change = foreign_change(groups, view.picture.framing, view.capture)
    variant = change.variant(view.picture.shown, parameter)
    measured = None if block is None else [block]
    return outcome_of(variant, view.capture, run_changed(view, variant), measured=measured, progress=progress)


def _nbytes(found: Outcome) -> int:
    return sum(labels.nbytes for labels in found.labels.values()) + int(found.metrics.memory_usage(deep=True).sum())


def run_ahead(view: View, name: str, parameter: int | None, block: BlockId, check: Check) -> None:
    """Run the model with a change before somebody looks, as long as the check lets it."""
    outcome_later(view, name, parameter, None, block, progress=lambda done, total: check())()
