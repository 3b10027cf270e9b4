"""Steps: one token through super token attention, with its real numbers."""

import streamlit as st

from ui.panels.answer import asked
from ui.panels.pickers import choose_anchor, choose_block, choose_head
from ui.panels.steps import show_steps
from ui.view.view import View

QUESTION = "What happens to one token inside a block?"


def draw(view: View) -> None:
    """Draw the page."""
    answer = asked(QUESTION)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        record = choose_block(view.capture)
        head = choose_head(record)
        anchor = choose_anchor(record.grid)
        export = st.container(width="content")
    show_steps(view, record, head, anchor, answer, export)
