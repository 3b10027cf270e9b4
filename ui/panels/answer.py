"""The first lines of every page: its question, and the answer computed from what the page shows."""

import streamlit as st

from ui.markdown import escaped

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
        """Show the answer; the sentence may hold foreign names."""
        self._place.markdown(f"**{self._question}** {escaped(sentence, LONGEST_ANSWER)}")


def asked(question: str) -> Answer:
    """Draw a page's question, and keep a place beside it for the answer, which is known further down."""
    return Answer(question)
