"""Pins outlive a reload of their tab as uploads do; the browser has to tell first which tab it is."""

import streamlit as st

from ui import keys
from ui.browser.component import ask_for_tab, tab_name
from ui.browser.kept import KeptByTab
from ui.tray.pinning import keep, pins_of_session
from ui.tray.pins import MOST_BYTES, Pin

KEPT: KeptByTab[Pin] = KeptByTab(lambda pin: pin.nbytes, 16 * MOST_BYTES)


def restore_pins() -> None:
    """Take the pins of this tab from before its reload, unless this session has some already."""
    tab = tab_name()
    if tab and keys.TAB_OF_PINS not in st.session_state:
        _hold(tab)
        st.session_state[keys.TAB_OF_PINS] = tab
        if not pins_of_session():
            keep(KEPT.of(tab))


def keep_pins() -> None:
    """Keep the pins of this tab for a reload; call it at the end of a run, when none is on its way any more."""
    tab, pins = st.session_state.get(keys.TAB_OF_PINS), pins_of_session()
    if tab and KEPT.of(tab) != pins:
        KEPT.keep(tab, pins)
    if pins:
        ask_for_tab()


@st.cache_resource(scope="session", show_spinner=False, on_release=KEPT.let_go)
def _hold(tab: str) -> str:
    KEPT.hold(tab)
    return tab
