"""Step by step: one token through super token attention, with its real numbers."""

import streamlit as st

from ui.panels.pickers import choose_anchor, choose_block, choose_head
from ui.panels.steps import show_lesson
from ui.view.view import current_view


def show() -> None:
    """Draw the page."""
    view = current_view()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        record = choose_block(view.capture)
        head = choose_head(record)
        anchor = choose_anchor(record.grid)
        place = st.container(width="content")
    show_lesson(view, record, head, anchor, export=place)


show()
