"""Links between pages of one session, which keep its choices, unlike an address that opens a new one."""

from collections.abc import Mapping

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from ui import keys


def remember_pages(pages: Mapping[str, StreamlitPage]) -> None:
    """Keep Streamlit's entries of the pages, by address, for the links of this run."""
    st.session_state[keys.NAVIGATION] = dict(pages)


def page_link(address: str, label: str, icon: str | None = None) -> None:
    """Draw a link to a page."""
    st.page_link(_pages()[address], label=label, icon=icon)


def open_page(address: str) -> None:
    """Go to a page now; nothing after this call runs."""
    st.switch_page(_pages()[address])


def _pages() -> dict[str, StreamlitPage]:
    pages: dict[str, StreamlitPage] = st.session_state[keys.NAVIGATION]
    return pages
