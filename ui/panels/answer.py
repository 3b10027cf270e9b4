"""The first lines of every page: its question, and the answer computed from what the page shows."""

import html

import streamlit as st

from stvit.foreign_text import plain
from ui.glossary import marked
from ui.markdown import unbroken
from ui.tray.pinning import pin_button, pin_words

LONGEST_ANSWER = 600


class Answer:
    """The place of a page's answer, beside its question.

    Args:
        question: What the page answers; our own text.
        can_be_pinned: Whether the answer can be kept in the tray.
    """

    def __init__(self, question: str, *, can_be_pinned: bool = True) -> None:
        self._question = question
        self._can_be_pinned = can_be_pinned
        self._frame = st.container(key="pinnable_answer")
        self._place = self._frame.empty()
        self.say("")

    def say(self, sentence: str, *, whole: bool = True) -> None:
        """Show the answer, its terms with their meanings; the sentence may hold foreign names.

        Args:
            sentence: The answer.
            whole: Whether that is all; what is not yet whole is not pinned.
        """
        said = marked(unbroken(plain(" ".join(sentence.split()), LONGEST_ANSWER)))
        self._place.html(f'<p class="answer"><strong>{html.escape(self._question)}</strong> {said}</p>')
        if self._can_be_pinned and sentence and whole:
            self._can_be_pinned = False  # once is enough
            with self._frame:
                wanted = pin_button("answer")
            if wanted:
                pin_words(sentence, self._question)


def asked(question: str, *, can_be_pinned: bool = True) -> Answer:
    """Draw a page's question, and keep a place beside it for the answer, which is known further down."""
    return Answer(question, can_be_pinned=can_be_pinned)
