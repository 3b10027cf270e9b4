"""What if: the model run again with another association, beside what it really did."""

import numpy as np
import streamlit as st

from analysis.commands.views.what_if import WhatIf
from analysis.counterfactual import Variant, standard_variants
from analysis.figures.screen.depth import change_by_depth
from analysis.figures.style import KIND_COLOURS, PANEL_WIDTH
from analysis.grouping.methods import Grouping
from analysis.outcome import Outcome, outcome_of
from analysis.reports.pictures import change_report
from stvit import BlockRecord
from ui.panels.export import Export, block_options, file_name, offer, picture_options, subject_of
from ui.panels.groupings import DRAWINGS, Drawing, draw
from ui.panels.panel import heading
from ui.panels.pickers import choose_block
from ui.view.runs import look_again
from ui.view.view import View, current_view

ITERATIONS = "iterations"
LARGEST_ITERATIONS = 5


def show() -> None:
    """Draw the page."""
    view = current_view()
    variants = standard_variants(view.picture.shown)
    with st.container(horizontal=True):
        record = choose_block(view.capture)
        drawing = st.segmented_control(
            "Show", list(DRAWINGS), format_func=DRAWINGS.__getitem__, default="boundaries", required=True,
            key="drawing", persist_state="session",
        )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="bottom"):
        key = _choose_variant(variants)
        place = st.container(width="content")
    outcome = _outcome((view.key, key), view, variants[key])
    settings = WhatIf(**picture_options(view), **block_options(record), variant=key, drawing=drawing)
    report = change_report(subject_of(view), record, outcome, drawing)
    numbers = "before and after, and the labels of tokens"
    with place:
        offer(Export(file_name(view, "what-if", key), report, settings, numbers))
    pictures = "" if record.grid.is_identity else f" · pictures show {record.id.caption}"
    st.caption(
        f"{view.handle.title} · the association is changed in every block with super tokens, the weights stay{pictures}"
    )
    _show_numbers(outcome, view)
    _show_groupings(view, record, outcome, drawing)
    st.markdown("**How far each block's attention output moved**", help="|changed - learned| / |learned|, Frobenius.")
    relative = outcome.change.relative
    figure = change_by_depth(list(relative), list(relative.values()), title=outcome.title, kind=outcome.kind)
    if not max(relative.values()):
        st.info("Nothing changes: this is what the model itself does.", icon=":material/info:")
    st.plotly_chart(figure, key="change", config={"displayModeBar": False})
    _show_metrics(record, outcome)


def _choose_variant(variants: dict[str, Variant]) -> str:
    """Draw the choice of a change; iterations have a scrubber of their own."""
    named = {key: variant.title for key, variant in variants.items() if not key.startswith(ITERATIONS)}
    options = [*named, ITERATIONS]
    choice = st.segmented_control(
        "Instead of the learned association", options, default="grid", required=True, key="variant_of_association",
        format_func=lambda key: named.get(key, "Other iterations"), persist_state="session",
    )  # fmt: skip
    if choice != ITERATIONS:
        return choice
    count = st.slider(
        "Iterations of the sampling", 0, LARGEST_ITERATIONS, 2, key="iterations", width=320,
        persist_state="session", help="The released models use 1; 0 is the regular grid.",
    )  # fmt: skip
    return f"{ITERATIONS}_{count}"


@st.cache_resource(max_entries=64, show_spinner="Running the model with the other association ...")
def _outcome(key: tuple[str, str], _view: View, _variant: Variant) -> Outcome:
    """Return what is shown of a changed run; the run itself, which is large, is let go."""
    return outcome_of(key[1], _variant, _view.capture, look_again(_view, _variant))


def _show_numbers(outcome: Outcome, view: View) -> None:
    names = view.handle.model.class_names
    before, after = (names[i] if names else f"class {i}" for i in outcome.classes)
    changed_class = "unchanged" if outcome.change.same_class else f"{before} → {after}"
    with st.container(horizontal=True):
        divergence = f"{outcome.change.divergence:.2g} nats"
        st.metric("KL divergence of the prediction", divergence, width="content", border=True)
        st.metric("Most probable class", changed_class, width="content", border=True)
        largest = max(outcome.change.relative.values())
        st.metric("Largest change of an output", f"{largest:.1%}", width="content", border=True)


def _show_metrics(record: BlockRecord, outcome: Outcome) -> None:
    """Show the metrics of the chosen block's token attention before and after."""
    st.markdown(f"**{record.id.caption.capitalize()}, before and after**", help="Means over heads and tokens.")
    table = outcome.metrics
    chosen = table[(table["stage"] == record.id.stage) & (table["block"] == record.id.block)]
    shown = chosen[["metric", "unit", "before", "after"]].replace({"metric": {"_": " "}}, regex=True)
    number = st.column_config.NumberColumn(format="%.4g")
    st.dataframe(shown, hide_index=True, column_config={"before": number, "after": number}, width=520)


def _show_groupings(view: View, record: BlockRecord, outcome: Outcome, drawing: Drawing) -> None:
    if record.grid.is_identity:
        st.info("This block has no super tokens (cell 1); choose stage 1 or 2 to see them.", icon=":material/info:")
        return
    learned = Grouping("super", "Learned super tokens", record.labels()[0].numpy())
    changed = Grouping(outcome.kind, outcome.title, outcome.labels[record.id])
    leakages = (record.leakage().mean().item(), outcome.leakage[record.id])
    with st.container(horizontal=True, gap="medium"):
        for grouping, leakage in zip((learned, changed), leakages, strict=True):
            with st.container(width=PANEL_WIDTH):
                used = len(np.unique(grouping.labels))
                note = f"{used} of {record.grid.num_super_tokens} in use · mean leakage {leakage:.3f}"
                heading(grouping.title, KIND_COLOURS[grouping.kind], note)
                image = draw(view.picture.shown, grouping, drawing)
                st.image(image, width="stretch", alt=f"{grouping.title}, drawn as {DRAWINGS[drawing].lower()}")


show()
