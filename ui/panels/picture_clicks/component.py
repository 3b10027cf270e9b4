"""Clicks on a picture as a Streamlit component, which draws nothing and stands in the frame of the picture."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TypeGuard

import streamlit as st

_WEB = Path(__file__).parent / "web"
_mount = st.components.v2.component("stvit_picture_clicks", js=(_WEB / "picture_clicks.js").read_text(encoding="utf-8"))

OnPixel = Callable[[float, float], None]
"""Hears of a place in pixels of the picture: from its top and from its left side."""


def take_clicks(key: str, size: tuple[float, float], on_pixel: OnPixel) -> None:
    """Listen to clicks on the picture that the current container frames.

    Args:
        key: Name of the component on the page.
        size: Height and width of the picture in pixels.
        on_pixel: Called before the page runs again.
    """
    _mount(key=key, on_clicked_change=partial(_report, key, size, on_pixel))


def _report(key: str, size: tuple[float, float], on_pixel: OnPixel) -> None:
    pixel = pixel_of((st.session_state.get(key) or {}).get("clicked"), size)
    if pixel is not None:
        on_pixel(*pixel)


def pixel_of(said: object, size: tuple[float, float]) -> tuple[float, float] | None:
    """Return the place in a report of the browser, None if it is not on the picture: anybody can send anything.

    Example:
        >>> pixel_of({"down": 3.5, "across": 7}, (8, 16)), pixel_of({"down": 9, "across": 7}, (8, 16))
        ((3.5, 7), None)
    """
    if not isinstance(said, Mapping):
        return None
    down, across = said.get("down"), said.get("across")
    if not (_lies_within(down, size[0]) and _lies_within(across, size[1])):
        return None
    return down, across


def _lies_within(place: object, length: float) -> TypeGuard[float]:
    return isinstance(place, int | float) and not isinstance(place, bool) and 0 <= place < length
