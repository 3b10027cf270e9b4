"""A walk of three minutes through the pages with the picture that is chosen; every stop has its own link."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import streamlit as st

from ui import keys
from ui.links import open_page


@dataclass(frozen=True)
class Stop:
    """One stop of the tour.

    Attributes:
        page: Address of its page.
        title: Its heading.
        words: What to look at, as Markdown.
        choices: What is chosen on arrival, by key of the session.
    """

    page: str
    title: str
    words: str
    choices: Mapping[str, object] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """The title with a full stop, unless it is a question."""
        return self.title if self.title.endswith("?") else f"{self.title}."


WORDS_WIDTH = 620
"""CSS pixels; the buttons stand beside the words where the window has room for both."""

FIRST_BLOCK = {keys.STAGE: 0, keys.BLOCK: 0, keys.HEAD: "mean"}

STOPS = (
    Stop(
        "explore",
        "Point at a token",
        "Move over the picture. The map with the blue dot shows where that token looks **through super tokens**, that "
        "with the orange dot where it would look **without** them: the first follows whole regions, the second single "
        "tokens.",
        FIRST_BLOCK,
    ),
    Stop(
        "steps",
        "What happens inside",
        "One token, step by step, with its real numbers: average the cells, compare with nine of them, attend among "
        "the few, map back.",
        FIRST_BLOCK,
    ),
    Stop(
        "super-tokens",
        "Do the groups follow the picture?",
        "The learned groups beside a regular grid and classical superpixels, with scores below. Look at the edges of "
        "things.",
        FIRST_BLOCK,
    ),
    Stop(
        "redundancy",
        "Is the attention redundant?",
        "Each dot is a head. Where heads of a block lie on top of each other, they do the same; where entropy is near "
        "its maximum, attention is close to a plain mean.",
    ),
    Stop(
        "rollout",
        "Where does the prediction come from?",
        "Attention multiplied through the blocks, from the prediction back to the pixels.",
    ),
    Stop(
        "what-if",
        "Does the model need its groups?",
        "The same model with a regular grid instead of the learned groups: how far does the prediction move?",
    ),
    Stop(
        "cost",
        "What does it save?",
        "The cost of one block with super tokens and without, by formula, counted and, if you like, measured here.",
    ),
)


def begin() -> None:
    """Go to the first stop."""
    _go(0)


def show_tour(page: str) -> None:
    """Draw the tour's bar above a page while the tour runs, or take it up where a link asks for a stop of it."""
    stop = _current()
    if stop is None:
        st.query_params.pop(keys.TOUR, None)
        return
    st.query_params[keys.TOUR] = str(stop + 1)
    here = STOPS[stop]
    on_its_page = page == here.page
    with st.container(border=True, key="tour_bar", horizontal=True, vertical_alignment="center"):
        if on_its_page:
            st.markdown(f"**{stop + 1} of {len(STOPS)}: {here.sentence}** {here.words}", width=WORDS_WIDTH)
        else:
            st.markdown(f"The tour waits at stop {stop + 1} of {len(STOPS)}: {here.sentence}", width=WORDS_WIDTH)
        _draw_buttons(stop, on_its_page)


def _draw_buttons(stop: int, on_its_page: bool) -> None:
    if not on_its_page and st.button("Go on", type="primary", key="tour_resume"):
        _go(stop)
    if on_its_page and stop and st.button("Back", key="tour_back"):
        _go(stop - 1)
    left = len(STOPS) - stop - 1
    if on_its_page and left and st.button("Next", type="primary", key="tour_next"):
        _go(stop + 1)
    if st.button("End tour", key="tour_end"):
        st.session_state[keys.TOUR] = None
        st.rerun()


def _go(stop: int) -> None:
    st.session_state.update({keys.TOUR: stop, **STOPS[stop].choices})
    open_page(STOPS[stop].page)


def _current() -> int | None:
    """Return the stop of this session; a new session takes it from its link."""
    if keys.TOUR not in st.session_state:
        asked = st.query_params.get(keys.TOUR, "")
        stop = int(asked) - 1 if asked.isdecimal() and 1 <= int(asked) <= len(STOPS) else None
        st.session_state[keys.TOUR] = stop
    current: int | None = st.session_state[keys.TOUR]
    return current
