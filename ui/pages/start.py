"""Start: what this is, one drawing of the network with the chosen picture, and the questions that the pages answer."""

from collections.abc import Sequence

import streamlit as st

from ui import glossary, tour
from ui.links import page_link
from ui.pages.page import Page
from ui.panels.network import drawing
from ui.panels.panel import caption, note
from ui.view.view import View

QUESTION = "What is a super token?"

ANSWER = (
    "A super token is a soft group of neighbouring tokens: each token is compared with the nine groups around it, "
    "attention runs among the few groups instead of the many tokens, and every token gets its share back."
)

PAPER = "https://arxiv.org/abs/2211.11167"
CODE = "https://github.com/hhb072/STViT"

COLUMNS = 3


def draw(view: View, pages: Sequence[Page]) -> None:
    """Draw the page.

    Args:
        view: Picture and model.
        pages: The pages that answer a question.
    """
    st.html(
        f'<div style="font-size: 1.15rem; max-width: 60rem"><strong>{QUESTION}</strong> {glossary.marked(ANSWER)}</div>'
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Take the tour (three minutes)", icon=":material/tour:", type="primary", key="tour_begin"):
            tour.begin()
        page_link(pages[0].address, "Point at a token of this picture", pages[0].icon)
    st.html(drawing(view))
    caption(view, "colours: the three directions in which the tokens of a map differ most")
    _show_questions(pages)
    st.caption(
        f"The paper: [Vision Transformer with Super Token Sampling]({PAPER}), CVPR 2023; the authors' [code]({CODE}). "
        "In the project's folder, `docs/metrics.md` defines every number and `docs/explorer.md` the live explorer."
    )


def _show_questions(pages: Sequence[Page]) -> None:
    st.markdown("**What you can ask**")
    for start in range(0, len(pages), COLUMNS):
        for column, page in zip(st.columns(COLUMNS), pages[start : start + COLUMNS], strict=False):
            with column, st.container(border=True, height="stretch"):
                page_link(page.address, page.title, page.icon)
                note(page.question)
