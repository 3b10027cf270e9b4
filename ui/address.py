"""The link that opened a session: what it asks for, what is shown where that does not exist, and a note that says so.

Widgets that are bound to the address read valid values from it by themselves. Values that they would silently drop
are handled here: the nearest valid value is chosen and named, or at least what Streamlit took instead is. The note
stays until something is chosen.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Literal, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui import keys
from ui.bound import is_same, shown_values
from ui.markdown import escaped

Value = TypeVar("Value", bound=str | int)

MOST_NAMED = 4
"""So many values that are shown instead are named; of more, how many there are."""


class Link:
    """What the address asked for when the session started.

    Attributes:
        notes: What was asked for but does not exist, and what is shown instead.
    """

    def __init__(self, asked: Mapping[str, list[str]]) -> None:
        self.notes: list[str] = []
        self._asked = dict(asked)
        self._repaired: set[str] = set()
        self._choices: dict[str, object] | None = None

    @classmethod
    def of_session(cls) -> "Link":
        """Return the link of this session; call it on each run before any widget, which would correct the address."""
        empty = [name for name, value in st.query_params.items() if not value.strip()]
        for name in empty:
            del st.query_params[name]
        if keys.LINK not in st.session_state:
            st.session_state[keys.LINK] = cls({name: st.query_params.get_all(name) for name in st.query_params})
            if empty:
                st.rerun()  # this run's widgets would still read an empty value as a request to choose nothing
        link: Link = st.session_state[keys.LINK]
        link._write_address()
        return link

    @property
    def was_followed(self) -> bool:
        """Whether the page that it asks for has been drawn."""
        return self._choices is not None

    def asks_for(self, names: Iterable[str]) -> bool:
        """Return whether the address named any of these choices."""
        return not self._asked.keys().isdisjoint(names)

    def repair_choice(
        self,
        key: str,
        what: str,
        labels: Mapping[Value, str],
        nearest: Callable[[str], Value] | None = None,
        why: str = "",
    ) -> bool:
        """Choose the nearest possible value where the link asks for an impossible one; call it before the widget.

        Args:
            key: Key of the widget, which is also its name in the address.
            what: Its name for users.
            labels: The possible values and how the address spells them; the first is the default.
            nearest: Returns the value to take instead of the one asked for; by default the first is taken.
            why: A reason to add to the note.

        Returns:
            Whether the link asks for something impossible.
        """
        asked = self._asked.pop(key, [""])[-1]
        if not asked or asked in labels.values():
            return False
        value = next((value for value, label in labels.items() if asked.casefold() in _spellings(value, label)), None)
        impossible = value is None
        if value is None:
            value = nearest(asked) if nearest else next(iter(labels))
            reason = f" ({why})" if why else ""
            self.notes.append(f"{what} “{escaped(asked)}”{reason}; {escaped(labels[value])} is shown instead")
        st.session_state[key] = value
        self._repaired.add(key)
        return impossible

    @contextmanager
    def noted(self, page: str) -> Iterator[None]:
        """Say above a page what in the link does not exist, until something is chosen or another page is opened."""
        if self._choices not in (None, _choices(page)):
            self.notes.clear()
        place = st.empty()
        self._show_notes(place)
        yield
        if self._choices is None:  # all widgets have a value now
            self.notes += [note for key, asked in self._asked.items() for note in _replaced(key, asked)]
            self._show_notes(place)
            self._choices = _choices(page)

    def _show_notes(self, place: DeltaGenerator) -> None:
        if self.notes:
            place.warning(_listed(self.notes), icon=":material/link_off:")

    def _write_address(self) -> None:
        """Write replaced values to the address: Streamlit writes those that are set again on a later run."""
        if self._choices is not None:
            for key in self._repaired & set(st.session_state):
                st.session_state[key] = st.session_state[key]
            self._repaired.clear()


def number_binding(key: str) -> Literal["query-params"] | None:
    """Return how to bind a number to the address: not while it holds an infinite number, on which Streamlit fails."""
    try:
        infinite = math.isinf(float(st.query_params.get(key, "0")))
    except ValueError:
        infinite = False
    if infinite:
        del st.query_params[key]
    return None if infinite else "query-params"


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


def _spellings(value: str | int, label: str) -> set[str]:
    """Return how else a value may be written: without regard to case, without its unit, or by its own name."""
    spellings = {label.casefold(), label.casefold().removesuffix(" px")}
    return spellings | ({value.casefold()} if isinstance(value, str) and not value.isdigit() else set())


def _replaced(key: str, asked: list[str]) -> list[str]:
    """Return the note on what Streamlit itself dropped or changed of a choice, none if the widget shows all of it."""
    shown = shown_values(key)
    if shown is None:
        return []
    dropped = [one for one in asked if not any(is_same(one, other) for other in shown)]
    if not dropped:
        return []
    named = ", ".join(f"“{escaped(one)}”" for one in dropped[:MOST_NAMED])
    if len(dropped) > MOST_NAMED:
        named += f" and {len(dropped) - MOST_NAMED} more"
    instead = ", ".join(escaped(one) for one in shown) or "nothing"
    if len(shown) > MOST_NAMED:
        instead = f"{len(shown)} others"
    verb = "are" if len(shown) > 1 else "is"
    return [f"{key.replace('_', ' ')} {named}; {instead} {verb} shown instead"]


def _listed(notes: list[str]) -> str:
    if len(notes) == 1:
        return f"The link asks for what is not here: {notes[0]}."
    return "The link asks for what is not here:\n" + "\n".join(f"- {note}" for note in notes)


def _choices(page: str) -> dict[str, object]:
    """Return the page and the simple values of all widgets."""
    simple: dict[str, object] = {
        str(key): value
        for key, value in st.session_state.items()
        if key not in keys.OF_THE_APP and (value is None or isinstance(value, str | int | float))
    }
    return simple | {"page": page}
