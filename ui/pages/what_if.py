"""What if: the model run again with a different association, beside the original run."""

from functools import partial

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.answers.what_if import what_if_answer
from analysis.any_model import has_super_tokens
from analysis.changes import CHANGES
from analysis.commands.views.what_if import WhatIf
from analysis.counterfactual import SAMPLED_ROWS, Outcome, is_sampled
from analysis.figures.numbers import percent, significant
from analysis.figures.screen.depth import change_by_depth
from analysis.grouping import foreign
from analysis.grouping.foreign import ForeignGroups
from analysis.grouping.groupings import Grouping
from analysis.grouping.label_files import LabelFileError
from analysis.grouping.methods import METHODS
from analysis.grouping.tasks import learned_labels
from analysis.redundancy.catalogue import CATALOGUE
from analysis.reports.groupings import Comparison
from analysis.reports.pictures import change_report
from analysis.reports.report import Report
from analysis.trials import Trial, class_names_of
from stvit import BlockId, BlockRecord
from stvit.captions import NOTHING_TO_CHANGE, no_super_tokens, where_super_tokens
from ui import keys
from ui.ahead import Task
from ui.failures import said
from ui.group_panels.component import group_panels, key_of_panels
from ui.group_panels.payload import Heading, panels_payload
from ui.markdown import escaped
from ui.panels.ablation import show_ablation
from ui.panels.answer import asked
from ui.panels.changed_runs import outcome_later, outcome_on, run_ahead
from ui.panels.export import Export, as_path, block_options, file_name, picture_options, subject_of
from ui.panels.groupings import choose_drawing
from ui.panels.own_files import choose_groups
from ui.panels.panel import caption, chart, note
from ui.panels.pickers import block_to_come, choose_block, keep_valid
from ui.panels.trials import as_others, show_trials, tried, try_ahead
from ui.view.view import View

QUESTION = "Does the model need the groups that it learned?"

DEFAULT_PARAMETER = 2

GROUPS_HINT = "Point at a group to outline it in both."


def draw(view: View) -> None:
    """Draw the page."""
    answer = asked(QUESTION)
    if not has_super_tokens(view.handle.network):
        answer.say(NOTHING_TO_CHANGE)
        with st.container(horizontal=True):
            record = choose_block(view.capture)
        show_ablation(view, record)
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        place, files, export = (
            st.container(width="content"),
            st.container(width="content"),
            st.container(width="content"),
        )
        with files, st.popover("Your files", icon=":material/upload_file:"):
            groups = choose_groups(view)
        with place:
            name, parameter = _choose_change(groups)
    try:
        outcome = outcome_on(view, name, parameter, groups, block_to_come(view.capture))
    except LabelFileError as error:
        st.error(f"{said(error)} Choose another change, or remove the file.", icon=":material/error:")
        return
    answer.say(_answer(view, outcome, None), whole=False)
    _show_numbers(outcome, view)
    trials = tried(view, groups)
    answer.say(_answer(view, outcome, trials))
    if trials is not None:
        show_trials(view, trials, groups)
    record = _show_details(view, outcome, parameter, groups, export)
    show_ablation(view, record)


def ahead(view: View) -> list[Task]:
    """Return what is run for the page as it will be opened."""
    if not has_super_tokens(view.handle.network):
        return []
    name = st.session_state.get(keys.CHANGE, next(iter(CHANGES)))
    parameter = st.session_state.get(f"{keys.PARAMETER_OF_CHANGE}_{name}", DEFAULT_PARAMETER)
    change = CHANGES.get(name)
    chosen = [] if change is None else [(name, parameter if change.parameters else None)]
    block = block_to_come(view.capture)
    return [*(partial(run_ahead, view, *one, block) for one in chosen), partial(try_ahead, view)]


def _answer(view: View, outcome: Outcome, trials: list[Trial] | None) -> str:
    names = class_names_of(view.handle.model)
    before, after = (names[index] if names else "no class" for index in outcome.classes)
    others = [] if trials is None else as_others(trials)
    return what_if_answer(outcome.title, outcome.difference.divergence, (before, after), others)


def _show_details(
    view: View, outcome: Outcome, parameter: int | None, groups: ForeignGroups | None, export: DeltaGenerator
) -> BlockRecord:
    """Show what the chosen change does inside, and return the block that is looked at."""
    st.markdown(f"#### {escaped(outcome.title)}, in detail")
    with st.container(horizontal=True):
        record = choose_block(view.capture)
        drawing = choose_drawing()
    with export:
        _offer(view, record.id, outcome, parameter, drawing, groups)
    pictures = [] if record.grid.is_identity else [f"pictures show {record.id.caption}"]
    of_tokens = outcome.kind == foreign.NAME and groups is not None and groups.weights is not None
    where = "the block or blocks with as many tokens as the file" if of_tokens else "every block with super tokens"
    caption(view, f"the association is changed in {where}, the weights stay", *pictures)
    _show_groupings(view, record, outcome, drawing)
    _show_changes(outcome)
    _show_metrics(view, record, outcome)
    return record


def _choose_change(groups: ForeignGroups | None) -> tuple[str, int | None]:
    """Draw the choice of a change, groups from a file among them, and of its parameter where it takes one."""
    titles = {name: change.title for name, change in CHANGES.items()}
    if groups is not None:
        titles[foreign.NAME] = groups.title
    keep_valid(keys.CHANGE, list(titles))
    name = st.selectbox(
        "Instead of the learned association",
        list(titles),
        key=keys.CHANGE,
        format_func=titles.__getitem__,
        width=280,
        bind="query-params",
        persist_state="session",
    )
    change = CHANGES.get(name)
    if change is None or not change.parameters:
        return name, None
    parameter = st.slider(
        change.title,
        change.parameters[0],
        change.parameters[-1],
        DEFAULT_PARAMETER,
        key=f"{keys.PARAMETER_OF_CHANGE}_{name}",
        width=320,
        bind="query-params",
        persist_state="session",
        help=change.sentence,
    )
    return name, parameter


def _offer(
    view: View, block: BlockId, outcome: Outcome, parameter: int | None, drawing: str, groups: ForeignGroups | None
) -> None:
    """Offer what is shown as files."""
    options = {**picture_options(view), **block_options(view.capture[block])}
    if outcome.kind == foreign.NAME and groups is not None:
        settings = WhatIf(**options, variant=None, groups=as_path(groups.name), drawing=drawing)
    else:
        settings = WhatIf(**options, variant=outcome.kind, iterations=parameter, drawing=drawing)
    stem = file_name(view, "what-if", outcome.kind, *([] if parameter is None else [str(parameter)]))

    of_all = outcome_later(view, outcome.kind, parameter, groups, None)

    def report() -> Report:
        return change_report(subject_of(view), view.capture[block], of_all(), drawing)

    Export(stem, report, settings, "before and after, and the labels of tokens").offer("this change")


def _show_numbers(outcome: Outcome, view: View) -> None:
    names = view.handle.model.class_names
    before, after = (escaped(names[index]) if names else f"class {index}" for index in outcome.classes)
    changed_class = "unchanged" if outcome.difference.same_class else f"{before} → {after}"
    with st.container(horizontal=True, key="numbers_of_change"):
        divergence = f"{significant(outcome.difference.divergence, 2)} nats"
        st.metric("KL divergence of the prediction", divergence, width="content", border=True)
        st.metric("Most probable class", changed_class, width="content", border=True)
        largest = max(outcome.difference.relative.values())
        st.metric("Largest change of an output", percent(largest), width="content", border=True)


def _show_changes(outcome: Outcome) -> None:
    """Show how far the output of each block moved."""
    st.markdown("**How far each block's attention output moved**", help="|changed - learned| / |learned|, Frobenius.")
    relative = outcome.difference.relative
    if not max(relative.values()):
        st.info("Nothing changes: this is what the model itself does.", icon=":material/info:")
    figure = change_by_depth(list(relative), list(relative.values()), title=outcome.title, colour=outcome.colour)
    chart(figure, "change", "How far each block's attention output moved", fills_width=True)


def _show_metrics(view: View, record: BlockRecord, outcome: Outcome) -> None:
    """Show the metrics of the chosen block's token attention before and after."""
    st.markdown(f"**{record.id.caption.capitalize()}, before and after**", help="Means over heads and tokens.")
    if is_sampled(view.capture):
        note(f"Estimates from {SAMPLED_ROWS} rows of each attention: at this size all rows take minutes.")
    table = outcome.metrics
    chosen = table[(table["stage"] == record.id.stage) & (table["block"] == record.id.block)]
    titles = chosen["metric"].map(lambda name: CATALOGUE[name].title)
    shown = chosen[["metric", "unit", "before", "after"]].assign(metric=titles)
    number = st.column_config.NumberColumn(format="%.4g")
    st.dataframe(shown, hide_index=True, column_config={"before": number, "after": number}, width=520)


def _show_groupings(view: View, record: BlockRecord, outcome: Outcome, drawing: str) -> None:
    if record.grid.is_identity:
        instead = where_super_tokens(view.handle.model.config.super_token_stages)
        st.info(f"{no_super_tokens()} {instead}", icon=":material/info:")
        return
    method = METHODS["super"]
    learned = Grouping(method.name, method.title, learned_labels(record))
    changed = Grouping(outcome.kind, outcome.title, outcome.labels[record.id])
    colours = (method.colour, outcome.colour)
    leakages = (record.leakage().mean().item(), outcome.leakage[record.id])
    wanted = record.grid.num_super_tokens
    headings = [
        Heading(
            grouping.title,
            colour,
            f"{len(np.unique(grouping.labels)):,} of {wanted:,} in use · mean leakage {leakage:.3f}",
        )
        for grouping, colour, leakage in zip((learned, changed), colours, leakages, strict=True)
    ]
    comparison = Comparison([learned, changed], drawing)
    payload = panels_payload(view.picture.shown, record.grid, comparison, headings, GROUPS_HINT)
    group_panels(payload, key_of_panels(view))
