"""Every change of the association in one table and one chart: what each does to the prediction."""

from functools import partial
from operator import attrgetter

import streamlit as st

from analysis.commands.views.trials import TrialsView
from analysis.figures.screen.bars import bar_chart
from analysis.foreign_change import foreign_change
from analysis.grouping import foreign
from analysis.grouping.foreign import ForeignGroups
from analysis.grouping.label_files import LabelFileError
from analysis.reports.report import Report
from analysis.reports.trials import trials_chart, trials_report
from analysis.trials import Trial, all_changes, class_names_of, divergence, trials_table, try_changes
from ui.ahead import Check
from ui.failures import said
from ui.panels.export import Export, as_path, file_name, picture_options, subject_of
from ui.panels.panel import chart, note
from ui.panels.work import Progress, worked
from ui.view.devices import on_device
from ui.view.speed import PIXELS_AT_ONCE
from ui.view.view import BY_KEY, View

ROW_HEIGHT = 35
"""CSS pixels of the table."""

SECONDS_PER_PIXEL = 2e-6
"""About how long one change takes on one core, grouping included."""


def tried(view: View, groups: ForeignGroups | None) -> list[Trial] | None:
    """Return the prediction under every change, the unchanged one first, None until it was asked for.

    Groups from a file are one more change; those that do not fit are left out, with a line that says so.
    """
    if not class_names_of(view.handle.model):
        return None
    try:
        return _tried(view, groups)
    except LabelFileError as error:
        st.caption(f"Without the groups from the file: {said(error)}")
        return _tried(view, None)


def _tried(view: View, groups: ForeignGroups | None) -> list[Trial] | None:
    size = view.picture.pixels[0, 0].numel()
    if size <= PIXELS_AT_ONCE:
        return _tried_at_once(view, groups, _unwatched)
    seconds = SECONDS_PER_PIXEL * size * len(all_changes())
    key = ("trials", view.key, groups and groups.digest)
    return worked(
        "trials", key, "Try every change", seconds, partial(_try_all, view, groups), lambda found: 10_000 * len(found)
    )


@st.cache_resource(
    max_entries=16,
    show_spinner="Trying every association ...",
    hash_funcs={**BY_KEY, ForeignGroups: attrgetter("digest")},
)
def _tried_at_once(view: View, groups: ForeignGroups | None, _progress: Progress) -> list[Trial]:
    return _try_all(view, groups, _progress)


def _unwatched(done: int, total: int, words: str) -> None:
    """Tell nobody."""


def try_ahead(view: View, check: Check) -> None:
    """Try every change before somebody looks, as long as the check lets it."""
    if class_names_of(view.handle.model):
        _tried_at_once(view, None, lambda done, total, words: check())


def _try_all(view: View, groups: ForeignGroups | None, progress: Progress) -> list[Trial]:
    own = None if groups is None else foreign_change(groups, view.picture.framing, view.capture)
    model = on_device(view.handle.model, view.handle.digest, view.device)
    pixels, learned = view.picture.pixels.to(view.device), view.capture.logits
    return try_changes(model, view.picture.shown, pixels, progress=progress, own=own, learned=learned)


def show_trials(view: View, trials: list[Trial], groups: ForeignGroups | None) -> None:
    """Draw the top five probabilities under every change."""
    names = class_names_of(view.handle.model)
    st.markdown("#### The prediction under every change")
    note("The five most probable classes of the unchanged run, and how far each change moves the prediction.")
    with st.container(key="trials_side_by_side"):
        charts, tables = st.columns((1, 2), gap="medium")
    with charts:
        chart(bar_chart(trials_chart(trials, names)), "trials", "The prediction under every change", fills_width=True)
    with tables:
        table = trials_table(trials, names)
        table[table.columns[3:]] *= 100
        config = {
            name: st.column_config.NumberColumn(format="%.1f %%", help=f"Probability of {name}.")
            for name in table.columns[3:]
        }
        config["divergence"] = st.column_config.NumberColumn("KL (nats)", format="%.3f")
        titled = table.rename(columns={"top_class": "most probable"})
        st.dataframe(titled, hide_index=True, column_config=config, height=ROW_HEIGHT * (len(table) + 1) + 3)
    make: partial[Report] = partial(trials_report, subject_of(view), trials, names)
    own = as_path(groups.name) if groups and trials[-1].name == foreign.NAME else None
    settings = TrialsView(**picture_options(view), groups=own)
    Export(file_name(view, "what-if-all"), make, settings, "probabilities under every change").offer("all changes")


def as_others(trials: list[Trial]) -> list[tuple[str, float, bool]]:
    """Return title, divergence and whether the class stayed, of each change."""
    top = trials[0].probabilities.argmax()
    values = divergence(trials)
    return [
        (one.title, value, bool(one.probabilities.argmax() == top))
        for one, value in zip(trials[1:], values[1:], strict=True)
    ]
