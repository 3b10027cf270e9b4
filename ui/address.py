"""Links into the app: what an address asks for, what is shown where that does not exist, and the note that says so.

Widgets that are bound to the address take possible values from it by themselves. What they would drop without a
word, and a place that the captured blocks do not have, is handled here: the nearest possible value is chosen and
named. The note stays until something is chosen.
"""

import math
from collections.abc import Callable, Mapping
from typing import Literal, TypeVar

import streamlit as st

from stvit import BlockId, Capture
from ui.markdown import plain

Value = TypeVar("Value", bound=str | int)

_ASKED = "link_asked"
_NOTES = "link_notes"
_MENDED = "link_mended"
_SEEN = "link_seen"
PAGE = "page_shown"
"""Where the session keeps which page is open."""

_OWN_KEYS = (_ASKED, _NOTES, _MENDED, _SEEN, PAGE)

VIEWS = {"Live": "Live", "Figures": "Figures"}
"""The views of Explore."""


def open_link() -> None:
    """Keep what the address asks for when the session starts, before widgets correct the address.

    Values that were replaced get into the address on the next run: Streamlit writes those that are set again.
    """
    state = st.session_state
    if _ASKED not in state:
        state[_ASKED] = {name: value for name, value in st.query_params.items() if value.strip()}
        state.update({_NOTES: [], _MENDED: set()})
    elif _SEEN in state:
        for key in state[_MENDED] & set(state):
            state[key] = state[key]
        state[_MENDED] = set()


def mend(
    key: str, what: str, labels: Mapping[Value, str], nearest: Callable[[str], Value] | None = None, why: str = ""
) -> bool:
    """Choose the nearest possible value where the link asks for an impossible one; call it before the widget.

    Args:
        key: Of the widget, and its name in the address.
        what: What people call it.
        labels: The possible values and how the address spells them; the first is the default.
        nearest: Returns the value to take instead of the one asked for; by default the first is taken.
        why: A reason to add to the note.

    Returns:
        Whether the link asks for something impossible.
    """
    asked: str | None = st.session_state.get(_ASKED, {}).pop(key, None)
    if asked is None or asked in labels.values():
        return False
    value = next((value for value, label in labels.items() if asked.casefold() in _spellings(value, label)), None)
    impossible = value is None
    if value is None:
        value = nearest(asked) if nearest else next(iter(labels))
        _note(what, asked, labels[value], why)
    st.session_state[key] = value
    st.session_state[_MENDED].add(key)
    return impossible


def mend_place(capture: Capture) -> None:
    """Do the same for view, stage, block, head and anchor, which depend on the capture; call it before the page."""
    if not st.session_state.get(_ASKED):
        return
    mend("way", "view", VIEWS)
    stages = {block.stage: str(block.stage + 1) for block in capture}
    mend("stage", "stage", stages, _nearest_of(stages))
    stage = _chosen("stage", stages)
    blocks = {block.block: str(block.block + 1) for block in capture if block.stage == stage}
    mend("block", f"block of stage {stage + 1}", blocks, _nearest_of(blocks))
    record = capture[BlockId(stage, _chosen("block", blocks))]
    heads = {"mean": "mean"} | {str(head): str(head + 1) for head in range(record.heads)}
    mend("head", f"head of stage {stage + 1}", heads)
    for key, count in (("row", record.grid.height), ("column", record.grid.width)):
        places = {place: str(place) for place in range(count)}
        mend(key, f"anchor {key}", places, _nearest_of(places, default=(count - 1) // 2))


def number_binding(key: str) -> Literal["query-params"] | None:
    """Return how to bind a number to the address: not while that holds an infinite one, on which Streamlit fails."""
    try:
        infinite = math.isinf(float(st.query_params.get(key, "0")))
    except ValueError:
        infinite = False
    if infinite:
        del st.query_params[key]
    return None if infinite else "query-params"


def show_notes(page: str) -> None:
    """Say what the link asked for in vain, until something is chosen or another page is opened."""
    state = st.session_state
    if not state.get(_NOTES):
        return
    if state.get(_SEEN, now := _choices(page)) != now:
        state[_NOTES] = []
        return
    notes = state[_NOTES]
    if len(notes) == 1:
        text = f"The link asks for what is not here: {notes[0]}."
    else:
        text = "The link asks for what is not here:\n" + "\n".join(f"- {note}" for note in notes)
    st.warning(text, icon=":material/link_off:")


def keep_notes(page: str) -> None:
    """Remember the choices that the notes belong to; call it after the page, when all widgets have a value."""
    st.session_state.setdefault(_SEEN, _choices(page))


def nearest_number(asked: str, possible: Mapping[int, object], default: int) -> int:
    """Return the possible number closest to the one in a text, the default if it holds none.

    Example:
        >>> nearest_number("300 px", {224: "", 288: "", 384: ""}, default=224)
        288
    """
    try:
        number = float(asked.casefold().removesuffix("px"))
    except ValueError:
        return default
    if math.isnan(number):
        return default
    number = min(max(number, min(possible)), max(possible))  # infinity is equally far from all
    return min(possible, key=lambda value: abs(value - number))


def _nearest_of(labels: Mapping[int, str], default: int | None = None) -> Callable[[str], int]:
    """Return the function that finds the value whose label is the number nearest to a text."""
    values = {int(label): value for value, label in labels.items()}
    first = next(iter(labels)) if default is None else default
    return lambda asked: values[nearest_number(asked, values, default=int(labels[first]))]


def _spellings(value: str | int, label: str) -> set[str]:
    """Return how else a value may be written: without regard to case, without its unit, or by its own name."""
    spellings = {label.casefold(), label.casefold().removesuffix(" px")}
    return spellings | ({value.casefold()} if isinstance(value, str) and not value.isdigit() else set())


def _chosen(key: str, labels: Mapping[int, str]) -> int:
    """Return the value that a widget will have: chosen, or from the address, or the first."""
    if key in st.session_state:
        return int(st.session_state[key])
    in_address = st.query_params.get(key)
    return next((value for value, label in labels.items() if label == in_address), next(iter(labels)))


def _note(what: str, asked: str, shown: str, why: str) -> None:
    reason = f" ({why})" if why else ""
    st.session_state[_NOTES].append(f"{what} “{plain(asked)}”{reason}; {plain(shown)} is shown instead")


def _choices(page: str) -> dict[str, object]:
    """Return the page and the simple values of all widgets."""
    simple: dict[str, object] = {
        str(key): value
        for key, value in st.session_state.items()
        if key not in _OWN_KEYS and (value is None or isinstance(value, str | int | float))
    }
    return simple | {"page": page}
