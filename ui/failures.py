"""What users read when something fails: one sentence, while the rest of the app keeps working."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from stvit.error_text import about, sentence
from ui.markdown import escaped
from ui.panels.running import RunCancelledError, offer_again

LONGEST_SENTENCE = 600
"""Characters of an error's message that are shown."""

EXPECTED = (ValueError, MemoryError)
"""Errors whose message is written for people; others are mistakes of ours, whose trace goes to the server's log."""

_LOG = logging.getLogger("stvit.app")


def said(error: Exception, name: str = "") -> str:
    """Return the message of an error for Markdown, and log the trace of an unexpected error.

    Args:
        error: The error.
        name: Name of the file concerned; it is prepended unless the message already contains it.
    """
    if not isinstance(error, EXPECTED):
        _LOG.error("An unexpected error", exc_info=error)
    words = escaped(about(name, error) if name else sentence(error), LONGEST_SENTENCE)
    return words if words.endswith((".", "!", "?")) else f"{words}."


@contextmanager
def one_sentence(what: str) -> Iterator[None]:
    """Turn any error into one sentence on the page.

    Args:
        what: Subject of the sentence.
    """
    try:
        yield
    except RunCancelledError as error:
        offer_again(error)
    except Exception as error:
        st.error(
            f"{what} cannot be shown: {said(error)} Change a choice, or open another page; both work as before.",
            icon=":material/error:",
        )
