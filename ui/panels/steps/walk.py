"""The walk: one step at a time, forwards and back by buttons, arrow keys or its number, which stands in the link."""

from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.figures.screen.heat import picture
from analysis.figures.screen.pictures import PANEL_WIDTH
from analysis.figures.style import ANCHOR_COLOUR
from stvit import BlockId
from ui import keys
from ui.address import Link
from ui.panels.panel import chart, heading, slot, slots
from ui.panels.pickers import open_pixel
from ui.panels.steps.attending import ATTENDING
from ui.panels.steps.grouping import GROUPING
from ui.panels.steps.shown import Shown
from ui.view.view import View

STEPS = GROUPING + ATTENDING

WRAPS = "<style>.st-key-step [role=radiogroup] {flex-wrap: wrap}</style>"
"""On a phone the numbers of the steps take two rows."""

TEXT_WIDTH = 360
"""CSS pixels."""

SIDE_BY_SIDE = """<style>
@media (min-width: 1200px) {.stMain .st-key-slots_steps {
  display: grid; grid-template-columns: minmax(0, 1fr) minmax(19rem, .7fr) minmax(0, 1fr) !important;
  --tallest: max(280px, 100vh - 29.1rem)}}
.st-key-slots_steps > * {max-width: 100%}
</style>"""
"""Picture, words and the step's chart share the width of a wide window, so that nothing reaches below it."""


def repair(link: Link) -> None:
    """Replace a step that a link asks for but does not exist."""
    link.repair_choice(keys.STEP, "step", {number: str(number + 1) for number in range(len(STEPS))})


def choose_step() -> int:
    """Draw what moves from step to step, and return the number of the current one, from 0."""
    st.html(WRAPS)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        back, on = st.empty(), st.empty()
        chosen = st.segmented_control(
            "Step",
            range(len(STEPS)),
            format_func=lambda number: str(number + 1),
            default=0,
            required=True,
            key=keys.STEP,
            bind="query-params",
            persist_state="session",
            help="The arrow keys move on and back, too.",
        )
        current = chosen or 0
        _mover(back, "Previous", current - 1, "Left")
        _mover(on, "Next", current + 1, "Right")
    return current


def _mover(place: DeltaGenerator, label: str, to: int, shortcut: str) -> None:
    place.button(
        label,
        key=f"step_{label.lower()}",
        on_click=_go,
        args=(to,),
        disabled=not 0 <= to < len(STEPS),
        shortcut=shortcut,
    )


def _go(step: int) -> None:
    st.session_state[keys.STEP] = step


def show_step(shown: Shown, number: int) -> None:
    """Draw the picture to choose a token on, and one step beside it."""
    step = STEPS[number]
    st.html(SIDE_BY_SIDE)
    with slots("steps"):
        with slot():
            heading("Picture", ANCHOR_COLOUR, f"token ({shown.anchor.row}, {shown.anchor.column}): click another")
            _show_picture(shown)
        with st.container(width=TEXT_WIDTH):
            st.markdown(f"#### {number + 1}. {step.title}")
            st.latex(step.formula)
            step.tell(shown)
        with st.container(width=PANEL_WIDTH):
            chart(step.figure(shown), f"step_{number + 1}", f"{number + 1}. {step.title}")


def _show_picture(shown: Shown) -> None:
    chart(
        picture(shown.canvas, clickable=True),
        "steps_token",
        "Picture",
        on_pixel=partial(_open_clicked, shown.view, shown.record.id),
        can_be_pinned=False,
    )


def _open_clicked(view: View, block: BlockId, down: float, across: float) -> None:
    """Make the clicked token the anchor."""
    open_pixel(view.capture[block], down, across, pickers_drawn=True)
