"""Work that takes longer than a few seconds: offered with its duration, watched by a bar, stopped by a button.

Anything that a person changes while it runs stops it too: Streamlit ends a run of the script at the next call of one
of its functions, which is the next report of progress.
"""

from collections.abc import Callable, Hashable, Iterator
from contextlib import ExitStack, contextmanager
from time import monotonic
from typing import TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui.view.store import STORE, this_session

Value = TypeVar("Value")

Progress = Callable[[int, int, str], None]
"""Called with how much is done, how much there is, and what is done now; it may raise to stop the work."""

PATIENCE = 5.0
"""Seconds: what takes longer is asked for, but for the run of the model, without which there is no page."""

SOON = 1.0
"""Seconds after which work that nobody asked for gets its bar; before, a person has hardly seen that there is work."""

MINUTE = 60

STYLE = "<style>[class*=st-key-start_][data-retained] {display: none}</style>"
"""Hides the button that a bar has replaced; Streamlit would show it below the bar until the work is done."""


def worked(
    name: str,
    key: Hashable,
    label: str,
    seconds: float,
    work: Callable[[Progress], Value],
    nbytes: Callable[[Value], int],
) -> Value | None:
    """Return the result of long work if it was done before or is started now, else offer to start it.

    Args:
        name: Name of the button in the session, one for each place on a page.
        key: Identifies everything that the result depends on; begins with what kind of result it is.
        label: What the work does, for its button and its bar, such as "Measure all tokens".
        seconds: About how long it takes.
        work: Does it; calls its argument at least once a second.
        nbytes: Returns the bytes of a result, which the server's store counts.

    Returns:
        None until the work was started and ran to its end.
    """
    found: Value | None = STORE.find(key, this_session())
    if found is not None:
        return found
    place = st.empty()
    if not place.button(f"{label} ({about(seconds)})", key=f"start_{name}", icon=":material/timer:"):
        return None
    show = _bar(place, name, label)
    value = STORE.get(key, lambda: work(show), nbytes, this_session())
    place.empty()
    return value


@contextmanager
def told(name: str, label: str, on_cancel: Callable[[], None]) -> Iterator[Progress]:
    """Give a progress that draws a bar and a Cancel button if the work inside the context turns out to take long.

    Args:
        name: Name of the button in the session, one for each place on a page.
        label: What the work does, such as "Running the model".
        on_cancel: Called when the button is pressed; without it the next run of the script would begin the work anew.
    """
    place, began, shown = st.empty(), monotonic(), list[Progress]()
    with ExitStack() as waiting:
        waiting.enter_context(st.spinner(f"{label} ..."))

        def tell(done: int, total: int, words: str) -> None:
            if monotonic() - began < SOON:
                return
            if not shown:
                waiting.close()
                shown.append(_bar(place, name, label, on_cancel))
            shown[0](done, total, words)

        yield tell
    place.empty()


def _bar(place: DeltaGenerator, name: str, label: str, on_cancel: Callable[[], None] | None = None) -> Progress:
    """Draw a bar and a Cancel button in a place, and return what moves the bar."""
    with place.container(horizontal=True, vertical_alignment="bottom"):
        bar = st.progress(0.0, text=f"{label} ...")
        st.button("Cancel", key=f"cancel_{name}", icon=":material/stop_circle:", on_click=on_cancel)

    def show(done: int, total: int, words: str = "") -> None:
        bar.progress(min(done / max(total, 1), 1.0), text=words or f"{label}: {done:,} of {total:,}")

    return show


def about(seconds: float) -> str:
    """Return a duration in round words.

    Example:
        >>> about(7.2), about(38), about(400)
        ('about 7 s', 'about 40 s', 'about 7 min')
    """
    if seconds < 10:
        return f"about {max(round(seconds), 1)} s"
    return f"about {round(seconds, -1):.0f} s" if seconds < 1.5 * MINUTE else f"about {seconds / MINUTE:.0f} min"
