"""The frame around the pages: one run of the script, from the address to the page that is drawn."""

from pathlib import Path
from time import sleep

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.navigation.page import StreamlitPage

from ui import ahead, glossary, keys
from ui.address import Link
from ui.failures import LONGEST_SENTENCE, one_sentence
from ui.first_frame import FIRST_FRAME
from ui.links import remember_pages
from ui.markdown import escaped
from ui.pages.explore import MODES
from ui.pages.page import Page
from ui.pages.registry import PAGES, tasks_ahead
from ui.panels import chart_style, menu, panel, work
from ui.panels.pickers import keep_choices_across_pages, prepare_position
from ui.sidebar.choose import choose
from ui.sidebar.prediction import show_state
from ui.sidebar.run import run_or_fall_back
from ui.sidebar.wanted import ask_for_picture
from ui.tour import show_tour
from ui.tray import pinning
from ui.tray.kept import keep_pins, restore_pins
from ui.view.view import NotAnSTViTError, View

ICON = Path(__file__).parent / "icon.png"
EXPLORE = "explore"
OF_EXPLORE = (keys.STAGE, keys.BLOCK, keys.HEAD, keys.ROW, keys.COLUMN)
"""What a link without a page asks for when it means Explore, which used to be the first page."""

RUN = "run"
"""Key of the container in the sidebar that tells of the run."""

HIDE_OLD = f"<style>:is(.stMain, .st-key-{RUN}) [data-stale=true]:not(:focus-within) {{visibility: hidden}}</style>"
"""Hides what an earlier run drew until this run draws over it; Streamlit would fade it after a while only.

What has the focus stays: hidden, it would lose the focus, and with it the next press of a key. Pictures and models are
chosen in the sidebar, so the focus is not on their old results.
"""

SHOW_OLD = "<style></style>"

NOT_FINITE = (
    "The model's output on this picture is not finite: it overflows, or the weights hold NaN or infinity. There is "
    "nothing to show; choose other weights or another picture."
)


def show_app() -> None:
    """Draw navigation, sidebar and page, after `ui.first_frame.send_style`."""
    st.html(panel.STYLE + chart_style.STYLE + menu.STYLE + glossary.STYLE + pinning.STYLE + work.STYLE)
    st.set_page_config(page_icon=str(ICON))
    if keys.LINK not in st.session_state:
        sleep(FIRST_FRAME)
    link = Link.of_session()
    views: list[View] = []
    entries = {each.address: _entry(each, views) for each in PAGES}
    remember_pages(entries)
    first = entries[PAGES[0].address]
    named = st.Page(lambda: None, title=first.title, url_path=PAGES[0].address, visibility="hidden")
    page = st.navigation([*entries.values(), named], position="top")
    if page is named:  # Streamlit serves its first page at the empty address alone
        st.switch_page(first, query_params=dict(st.query_params))
    st.set_page_config(page_title=f"{page.title} · STViT from inside")
    if page is first and not link.was_followed and link.asks_for(OF_EXPLORE):
        st.switch_page(entries[EXPLORE], query_params=dict(st.query_params))
    keep_choices_across_pages(page.url_path)
    old = st.empty()  # not at the end of a run: what is old lies there until the browser has taken it away
    old.html(SHOW_OLD)
    with one_sentence("What was chosen"):
        view = _choose(link, old)
        if view is None:
            ask_for_picture()
        else:
            views.append(view)
            restore_pins()
            show_tour(page.url_path or PAGES[0].address)
            with link.noted(page.url_path):
                page.run()
            keep_pins()
            ahead.want(tasks_ahead(view))


def _entry(page: Page, views: list[View]) -> StreamlitPage:
    """Return Streamlit's entry of a page, which is drawn from the view that the list holds by then."""

    def draw() -> None:
        _draw(page, views[0])

    first = page is PAGES[0]
    return st.Page(draw, title=page.title, icon=page.icon, url_path=None if first else page.address, default=first)


def _choose(link: Link, old: DeltaGenerator) -> View | None:
    """Draw the sidebar and return its view, None while the link's picture is still to be given.

    Results of another picture or model are hidden before the model runs.
    """
    link.repair_choice(keys.MODE, "mode", {mode: mode for mode in MODES})
    with st.sidebar:
        choice, verdict = choose(link)
    if choice is None:
        return None
    changed = st.session_state.get(keys.SHOWN) != choice.key
    st.session_state[keys.SHOWN] = choice.key
    old.html(HIDE_OLD if changed else SHOW_OLD)
    with verdict:
        view = run_or_fall_back(choice)
        with st.container(key=RUN):
            show_state(view)
    prepare_position(link, view)
    for page in PAGES:
        if page.repair is not None:
            page.repair(link)
    return view


def _draw(page: Page, view: View) -> None:
    if page.reads_capture and not view.run().finite:
        st.error(NOT_FINITE, icon=":material/error:")
        return
    if view.handle.is_backbone and not page.any_model:
        st.info(escaped(str(NotAnSTViTError(view.handle.title)), LONGEST_SENTENCE), icon=":material/info:")
        return
    pinning.begin(page.title, page.address, " · ".join(panel.subject(view)))
    with one_sentence(f"“{page.title}”"):
        page.draw(view)
    st.html(f'<div class="words"><strong>Words</strong> (point at one){glossary.all_terms()}</div>')
