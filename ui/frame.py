"""The frame around the pages: one run of the script, from the address to the page that is drawn."""

from pathlib import Path
from time import sleep

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.navigation.page import StreamlitPage

from ui import glossary, keys
from ui.address import Link
from ui.failures import LONGEST_SENTENCE, one_sentence
from ui.links import remember_pages
from ui.markdown import escaped
from ui.pages.explore import MODES
from ui.pages.page import Page
from ui.pages.registry import PAGES
from ui.panels import menu, panel
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
STYLE = """<style>
.stMainBlockContainer {max-width: none; padding: 4.2rem clamp(1rem, 2.5vw, 3.5rem) 3rem}
.stApp:not(:has(.stSidebar)) .stAppViewContainer {visibility: hidden; animation: appear 0s 2s forwards}
@keyframes appear {to {visibility: visible}}
:has(> .st-key-explore_answer) {min-width: min(100%, 24rem)}
.stSidebar h3 {padding-top: 0}
.answer, .caption {margin: 0}
.answer {min-height: 3em}
[class*=st-key-numbers_] {min-height: 108px}
.st-key-spot_maps, .st-key-place_of_panels, [class*=st-key-stvit_group_panels_] {min-height: 28rem}
.st-key-explorer {min-height: min(82vh, 40rem)}
.stMain .stElementContainer[class*=st-key-]:not([class*=st-key-tour_], .st-key-mode):has(> [data-testid=stSkeleton]) {
  min-height: 68px}
.stMain :is(.st-key-stage, .st-key-block, .st-key-head, .st-key-cost_stage):has(> [data-testid=stSkeleton]) {
  min-height: 60px !important}
.stApp :is(.stCode .token.parameter, kbd) {color: inherit !important; opacity: 1}
.stApp :is([data-tag] *, [data-testid=stBaseButton-primary] *) {color: Canvas}
.caption {font-size: .875rem; line-height: 1.5}
.caption, [data-testid=stCaptionContainer] {color: color-mix(in srgb, currentColor 74%, transparent); opacity: 1}
.stPlotlyChart svg :is(.xtick text, .ytick text, .xtitle, .ytitle, .cbaxis text, .cbtitle text, .legendtext) {
  fill: color-mix(in srgb, currentColor 80%, transparent) !important}
.st-key-trials_side_by_side .stColumn {min-width: min(100%, 19rem)}
.st-key-trials_side_by_side .stColumn:last-child {min-width: min(100%, 38rem)}
@media (max-width: 640px) {.stMain [data-testid=stMetricValue] {font-size: 1.5rem}}
[data-testid=stFileUploaderDropzoneInstructions] span {white-space: normal; overflow: visible}
.stPlotlyChart:focus-visible {outline: 2px solid var(--st-primary-color, #0072b2); outline-offset: 2px}
</style>"""

"""How pages look. Nothing shows before the sidebar has its place: Streamlit would draw the page and then move it."""

FIRST_FRAME = 0.2
"""Seconds that the browser of a new session gets to take the style in before anything is there to be moved by it."""

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
    """Draw navigation, sidebar and page."""
    st.html(STYLE + panel.STYLE + menu.STYLE + glossary.STYLE + pinning.STYLE)
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
