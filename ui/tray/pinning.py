"""The button that pins, beside every chart and answer, and what a pin says about where it comes from."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import urlencode, urljoin

import plotly.graph_objects as go
import streamlit as st

from ui import keys
from ui.tray.pins import MOST_PINS, Pin, Pins, TrayFullError, added

STYLE = """<style>
[class*=st-key-pinnable_] {position: relative}
:is([class*=st-key-pinnable_], [class*=st-key-picture_]) > [class*=st-key-pin_] {
  position: absolute; inset: auto 0 0 auto; width: auto; height: auto; z-index: 5}
.st-key-pinnable_answer {padding-right: 3.5rem}
[class*=st-key-pin_] button {min-height: 0; padding: .1rem .3rem; opacity: .7; font-size: .75rem}
[class*=st-key-pin_] button div {gap: .15rem}
[class*=st-key-pin_] button :is(p, span) {font-size: .8rem}
[class*=st-key-pin_] button:is(:hover, :focus-visible) {opacity: 1}
</style>"""
"""How the buttons look: small, in the lower right corner of what they pin."""


@dataclass(frozen=True)
class Origin:
    """Where a pin comes from.

    Attributes:
        page: Title of the page.
        address: Its name in the address.
        caption: Of what the charts are: model, picture, block, head.
    """

    page: str
    address: str
    caption: str


def begin(page: str, address: str, caption: str) -> None:
    """Note which page is being drawn, and of what it is until the page says more."""
    st.session_state[keys.PINNED_FROM] = Origin(page, address, caption)


def describe(caption: str) -> None:
    """Note of what the charts are that follow on this page."""
    origin = _origin()
    if origin is not None:
        st.session_state[keys.PINNED_FROM] = replace(origin, caption=caption)


def pins_of_session() -> Pins:
    """Return what this session has pinned."""
    pins: Pins = st.session_state.get(keys.PINS, ())
    return pins


def keep(pins: Pins) -> None:
    """Make these the pins of the session."""
    st.session_state[keys.PINS] = pins


def pin_button(key: str, label: str = "Pin") -> bool:
    """Draw the button that pins, and return whether it was pressed."""
    return st.button(
        label,
        key=f"pin_{key}",
        icon=":material/push_pin:",
        type="tertiary",
        help="Keep it in the tray, beside others: see Snapshots",
    )


def pin_chart(figure: go.Figure, title: str) -> None:
    """Pin a chart."""
    _pin(lambda origin: replace(origin, title=title, figure=str(figure.to_json())))


def pin_picture(png: bytes, title: str) -> None:
    """Pin a picture."""
    source = "data:image/png;base64," + base64.b64encode(png).decode()
    _pin(lambda origin: replace(origin, title=title, picture=source))


def pin_words(words: str, title: str) -> None:
    """Pin an answer."""
    _pin(lambda origin: replace(origin, title=title, words=words))


def _pin(fill: Callable[[Pin], Pin]) -> None:
    """Add to the tray and say so, or say why it cannot be added."""
    origin = _origin()
    if origin is None:
        return
    try:
        pins = added(pins_of_session(), fill(Pin("", origin.caption, origin.page, _address(origin.address))))
    except TrayFullError as error:
        st.warning(str(error), icon=":material/inventory_2:")
        return
    keep(pins)
    st.toast(f"Pinned: {len(pins)} of {MOST_PINS}, see Snapshots.", icon=":material/push_pin:")


def _origin() -> Origin | None:
    origin: Origin | None = st.session_state.get(keys.PINNED_FROM)
    return origin


def _address(page: str) -> str:
    """Return the link to a page with all that the address holds."""
    chosen = urlencode(dict(st.query_params))
    return urljoin(st.context.url or "", f"{page}?{chosen}" if chosen else page)
