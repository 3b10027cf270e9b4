"""Runs of the model with another association, compared with its own."""

from operator import attrgetter

import streamlit as st

from analysis.changes import CHANGES
from analysis.counterfactual import Outcome, outcome_of
from analysis.foreign_change import foreign_change
from analysis.grouping.foreign import ForeignGroups
from analysis.redundancy.watch import Progress
from stvit import BlockId
from ui.ahead import Check
from ui.view.runs import run_changed
from ui.view.view import BY_KEY, View


@st.cache_resource(
    max_entries=64,
    show_spinner="Running the model with the other association ...",
    hash_funcs={**BY_KEY, ForeignGroups: attrgetter("digest")},
)
def outcome_on(
    view: View,
    name: str,
    parameter: int | None,
    groups: ForeignGroups | None,
    block: BlockId | None,
    _progress: Progress | None,
) -> Outcome:
    """Return what is shown of a changed run, with the metrics of a block or of all.

    The run itself, which is large, is not kept.
    """
    change = CHANGES.get(name)
    if change is None:
        assert groups is not None
        change = foreign_change(groups, view.picture.framing, view.capture)
    variant = change.variant(view.picture.shown, parameter)
    measured = None if block is None else [block]
    return outcome_of(variant, view.capture, run_changed(view, variant), measured=measured, progress=_progress)


def run_ahead(view: View, name: str, parameter: int | None, block: BlockId, check: Check) -> None:
    """Run the model with a change before somebody looks, as long as the check lets it."""
    outcome_on(view, name, parameter, None, block, lambda done, total: check())
