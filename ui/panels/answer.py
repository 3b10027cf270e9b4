"""The first lines of every page: its question, and the answer computed from what the page shows."""

import html

import streamlit as st

from stvit.foreign_text import plain
from ui.glossary import marked

LONGEST_ANSWER = 600


class Answer:
    """The place of a page's answer, beside its question.

    Args:
        question: What the page answers; our own text.
    """

    def __init__(self, question: str) -> None:
        self._question = question
        self._place = st.empty()
        self.say("")

    def say(self, sentence: str) -> None:
        """Show the answer, its terms with their meanings; the sentence may hold foreign names."""
        said = marked(plain(" ".join(sentence.split()), LONGEST_ANSWER))
        self._place.html(f'<p class="answer"><strong>{html.escape(self._question)}</strong> {said}</p>')


def asked(question: str) -> Answer:
    """Draw a page's question, and keep a place beside it for the answer, which is known further down."""
    return Answer(question)
