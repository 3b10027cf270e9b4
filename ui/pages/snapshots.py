"""Snapshots: what was pinned on the pages, side by side, and all of it as one page for others."""

import streamlit as st

from analysis.answers.snapshots import snapshots_answer
from ui.markdown import escaped, unbroken
from ui.panels.answer import LONGEST_ANSWER, asked
from ui.panels.panel import LONGEST_CAPTION_PART, chart
from ui.tray.as_page import as_page
from ui.tray.figures import figure_of
from ui.tray.pinning import keep, pins_of_session
from ui.tray.pins import MOST_BYTES, MOST_PINS, Pin, moved, total_bytes, without
from ui.view.view import View

QUESTION = "What did you find worth keeping?"

WIDE = 480
"""Width of a snapshot that has none of its own, in CSS pixels."""

FRAME = 36
"""CSS pixels that a card is wider than what it shows."""

LONGEST_CAPTION = 5 * LONGEST_CAPTION_PART


def draw(view: View) -> None:
    """Draw the page."""
    pins = pins_of_session()
    asked(QUESTION, can_be_pinned=False).say(snapshots_answer(len(pins), MOST_PINS, total_bytes(pins), MOST_BYTES))
    if not pins:
        st.info("Press Pin beside a chart or an answer on any page, and it is kept here as it was then.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Save all as one page",
            lambda: as_page(pins).encode(),
            "snapshots.html",
            "text/html",
            icon=":material/download:",
            on_click="ignore",
            help="One HTML file with all snapshots, which opens without a server or a network",
        )
        st.button("Remove all", icon=":material/delete_sweep:", key="snapshots_clear", on_click=keep, args=((),))
    with st.container(horizontal=True, gap="small"):
        for place, pin in enumerate(pins):
            _card(pin, first=place == 0, last=place == len(pins) - 1)


def _card(pin: Pin, *, first: bool, last: bool) -> None:
    figure = figure_of(pin) if pin.figure else None
    own = None if figure is None else figure.layout.width
    width = WIDE if own is None else int(own)
    with st.container(border=True, width=width + FRAME):
        st.markdown(f"**{escaped(pin.title, LONGEST_CAPTION_PART)}**")
        if figure is not None:
            chart(figure, f"snapshot_{pin.number}", fills_width=own is None, can_be_pinned=False)
        elif pin.picture:
            st.image(pin.picture, width="stretch")
        else:
            st.markdown(unbroken(escaped(pin.words, LONGEST_ANSWER)))
        st.caption(f"{unbroken(escaped(pin.caption, LONGEST_CAPTION))} · [{pin.page}]({pin.address})")
        with st.container(horizontal=True, gap="small"):
            _mover(pin, ":material/arrow_back:", "Earlier", -1, disabled=first)
            _mover(pin, ":material/arrow_forward:", "Later", 1, disabled=last)
            st.button(
                "Remove",
                icon=":material/delete:",
                key=f"snapshot_remove_{pin.number}",
                type="tertiary",
                on_click=_remove,
                args=(pin.number,),
            )


def _mover(pin: Pin, icon: str, label: str, by: int, *, disabled: bool) -> None:
    st.button(
        label,
        icon=icon,
        key=f"snapshot_{label.lower()}_{pin.number}",
        type="tertiary",
        disabled=disabled,
        on_click=_move,
        args=(pin.number, by),
    )


def _move(number: int, by: int) -> None:
    keep(moved(pins_of_session(), number, by))


def _remove(number: int) -> None:
    keep(without(pins_of_session(), number))
