"""What if: the model run again with another association, beside what it really did."""

import numpy as np
import streamlit as st

from analysis.changes import CHANGES
from analysis.commands.views.what_if import WhatIf
from analysis.counterfactual import Outcome, outcome_of
from analysis.figures.screen.depth import change_by_depth
from analysis.figures.style import PANEL_WIDTH
from analysis.grouping.choices import DRAWINGS
from analysis.grouping.groupings import Grouping
from analysis.grouping.methods import METHODS
from analysis.grouping.tasks import learned_labels
from analysis.reports.pictures import change_report
from stvit import BlockRecord
from ui.panels.export import Export, block_options, file_name, offer, picture_options, subject_of
from ui.panels.groupings import draw
from ui.panels.panel import heading
from ui.panels.pickers import choose_block
from ui.view.runs import look_again
from ui.view.view import View, current_view


def show() -> None:
    """Draw the page."""
    view = current_view()
    with st.container(horizontal=True):
        record = choose_block(view.capture)
        drawing = st.segmented_control(
            "Show", list(DRAWINGS), format_func=DRAWINGS.__getitem__, default="boundaries", required=True,
            key="drawing", persist_state="session",
        )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name, parameter = _choose_variant()
        place = st.container(width="content")
    outcome = _outcome(view.key, name, parameter, view)
    settings = WhatIf(
        **picture_options(view), **block_options(record), variant=name, iterations=parameter, drawing=drawing
    )
    report = change_report(subject_of(view), record, outcome, drawing)
    numbers = "before and after, and the labels of tokens"
    stem = file_name(view, "what-if", name, *([] if parameter is None else [str(parameter)]))
    with place:
        offer(Export(stem, report, settings, numbers))
    pictures = "" if record.grid.is_identity else f" · pictures show {record.id.caption}"
    st.caption(
        f"{view.handle.title} · the association is changed in every block with super tokens, the weights stay{pictures}"
    )
    _show_numbers(outcome, view)
    _show_groupings(view, record, outcome, drawing)
    st.markdown("**How far each block's attention output moved**", help="|changed - learned| / |learned|, Frobenius.")
    relative = outcome.difference.relative
    figure = change_by_depth(list(relative), list(relative.values()), title=outcome.title, colour=outcome.colour)
    if not max(relative.values()):
        st.info("Nothing changes: this is what the model itself does.", icon=":material/info:")
    st.plotly_chart(figure, key="change", config={"displayModeBar": False})
    _show_metrics(record, outcome)


def _choose_variant() -> tuple[str, int | None]:
    """Draw the choice of a change, and of its parameter where it takes one."""
    name = st.segmented_control(
        "Instead of the learned association", list(CHANGES), default="grid", required=True,
        key="variant_of_association", format_func=lambda name: CHANGES[name].title, persist_state="session",
    )  # fmt: skip
    change = CHANGES[name]
    if not change.parameters:
        return name, None
    least, most = change.parameters[0], change.parameters[-1]
    number = st.slider(change.title, least, most, 2, key=name, width=320, persist_state="session", help=change.sentence)
    return name, number


@st.cache_resource(max_entries=64, show_spinner="Running the model with the other association ...")
def _outcome(key: str, name: str, parameter: int | None, _view: View) -> Outcome:
    """Return what is shown of a changed run; the run itself, which is large, is let go."""
    variant = CHANGES[name].variant(_view.picture.shown, parameter)
    return outcome_of(variant, _view.capture, look_again(_view, variant))


def _show_numbers(outcome: Outcome, view: View) -> None:
    names = view.handle.model.class_names
    before, after = (names[i] if names else f"class {i}" for i in outcome.classes)
    changed_class = "unchanged" if outcome.difference.same_class else f"{before} → {after}"
    with st.container(horizontal=True):
        divergence = f"{outcome.difference.divergence:.2g} nats"
        st.metric("KL divergence of the prediction", divergence, width="content", border=True)
        st.metric("Most probable class", changed_class, width="content", border=True)
        largest = max(outcome.difference.relative.values())
        st.metric("Largest change of an output", f"{largest:.1%}", width="content", border=True)


def _show_metrics(record: BlockRecord, outcome: Outcome) -> None:
    """Show the metrics of the chosen block's token attention before and after."""
    st.markdown(f"**{record.id.caption.capitalize()}, before and after**", help="Means over heads and tokens.")
    table = outcome.metrics
    chosen = table[(table["stage"] == record.id.stage) & (table["block"] == record.id.block)]
    shown = chosen[["metric", "unit", "before", "after"]].replace({"metric": {"_": " "}}, regex=True)
    number = st.column_config.NumberColumn(format="%.4g")
    st.dataframe(shown, hide_index=True, column_config={"before": number, "after": number}, width=520)


def _show_groupings(view: View, record: BlockRecord, outcome: Outcome, drawing: str) -> None:
    if record.grid.is_identity:
        st.info("This block has no super tokens (cell 1); choose stage 1 or 2 to see them.", icon=":material/info:")
        return
    method = METHODS["super"]
    learned = Grouping(method.name, method.title, learned_labels(record))
    changed = Grouping(outcome.kind, outcome.title, outcome.labels[record.id])
    colours = (method.colour, outcome.colour)
    leakages = (record.leakage().mean().item(), outcome.leakage[record.id])
    with st.container(horizontal=True, gap="medium"):
        for grouping, colour, leakage in zip((learned, changed), colours, leakages, strict=True):
            with st.container(width=PANEL_WIDTH):
                used = len(np.unique(grouping.labels))
                note = f"{used} of {record.grid.num_super_tokens} in use · mean leakage {leakage:.3f}"
                heading(grouping.title, colour, note)
                image = draw(view.picture.shown, grouping, drawing)
                st.image(image, width="stretch", alt=f"{grouping.title}, drawn as {DRAWINGS[drawing].lower()}")


show()
