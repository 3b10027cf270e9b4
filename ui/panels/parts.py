"""Which part of the picture panels show that zoom together: a choice that links hold."""

import streamlit as st

from ui import keys
from ui.address import number_binding
from ui.panels.menu import menu
from ui.zoom.part import MIDDLE, MOST, THOUSAND, WHOLE, Part


def choose_part(picture: str) -> Part:
    """Draw the choice of the part behind a button.

    Args:
        picture: Hash of the picture.
    """
    with menu("Part", ":material/zoom_in:"):
        return part_in_numbers(picture)


def part_in_numbers(picture: str) -> Part:
    """Draw the inputs of the part; another picture is shown whole.

    Args:
        picture: Hash of the picture.
    """
    if st.session_state.get(keys.PART_OF, picture) != picture:
        open_part(WHOLE)
    st.session_state[keys.PART_OF] = picture
    zoom = st.number_input(
        "Zoom",
        WHOLE.zoom,
        MOST,
        WHOLE.zoom,
        0.5,
        key=keys.PART_ZOOM,
        bind=number_binding(keys.PART_ZOOM),
        persist_state="session",
    )
    down, across = (
        st.number_input(
            f"Middle {words}, thousandths of the picture",
            0,
            THOUSAND,
            MIDDLE,
            key=key,
            bind=number_binding(key),
            persist_state="session",
        )
        for words, key in (("down", keys.PART_DOWN), ("across", keys.PART_ACROSS))
    )
    return Part(float(zoom), int(down), int(across))


def open_part(part: Part) -> None:
    """Choose a part, before the inputs are drawn."""
    st.session_state.update({keys.PART_ZOOM: part.zoom, keys.PART_DOWN: part.down, keys.PART_ACROSS: part.across})
