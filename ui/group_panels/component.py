"""The linked panels as a Streamlit component."""

from collections.abc import Callable
from dataclasses import asdict
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import streamlit as st

from ui import keys
from ui.explorer.bundle import WEB as EXPLORER
from ui.explorer.bundle import joined
from ui.explorer.state import whole_number
from ui.view.view import View
from ui.zoom import modules, style
from ui.zoom.part import Part

WEB = Path(__file__).parent / "web"

SHARED = ("dom",)
"""Modules of the explorer that the panels use too."""

Pick = Callable[[int, int], None]


@cache
def script() -> str:
    """Return all modules as the one that Streamlit mounts."""
    paths = [*sorted(WEB.glob("*.js")), *(EXPLORER / f"{name}.js" for name in SHARED)]
    own = {path.stem: path.read_text(encoding="utf-8") for path in paths}
    return joined(own | modules()) + "\nexport default mountPanels;\n"


NAME = "stvit_group_panels"

_mount = st.components.v2.component(NAME, css=(WEB / "panels.css").read_text(encoding="utf-8") + style(), js=script())


def key_of_panels(view: View) -> str:
    """Return the name of the panels of a picture in a model: no other picture's panels stay under it."""
    return f"{keys.GROUP_PANELS}_{sha256(view.key.encode()).hexdigest()[:16]}"


def group_panels(
    payload: dict[str, Any],
    key: str,
    on_pick: Pick | None = None,
    part: Part | None = None,
    on_zoom: Callable[[Part], None] = lambda part: None,
) -> None:
    """Draw linked panels.

    Args:
        payload: Of `ui.group_panels.payload.panels_payload`.
        key: Name of the component on the page, of `key_of_panels`: panels under one name stay on the screen until the
            browser has decoded the next.
        on_pick: Called with row and column of the token that a person clicks, before the page runs again; None takes
            no clicks.
        part: Of the picture that they show; what a person zooms to wins until this changes. None leaves it to the
            browser.
        on_zoom: Called with the part that a person zooms to, before the page runs again, if there is a part.
    """
    size = payload["grid"]["rows"], payload["grid"]["columns"]
    # The browser takes away old panels after the new ones came, from beside them or from within their container.
    prefixes = (f"{NAME}_{keys.GROUP_PANELS}_", f"{keys.GROUP_PANELS}_")
    names = (f"{NAME}_{key}", key)
    others = ", ".join(f"[class*=st-key-{some}]:not(.st-key-{one})" for some, one in zip(prefixes, names, strict=True))
    st.html(f"<style>{others} {{display: none; visibility: hidden}}</style>")
    with st.container(key=f"{NAME}_{key}"):
        told = None if part is None else asdict(part) | {"sequence": st.session_state.get(_sequence_key(key), 0)}
        _mount(
            key=key,
            data=payload | {"picks": on_pick is not None, "part": told},
            on_part_change=partial(_tell_part, key, on_zoom),
            on_picked_change=partial(_tell, key, size, on_pick) if on_pick else lambda: None,
        )


def _tell(key: str, size: tuple[int, int], on_pick: Pick) -> None:
    picked = (st.session_state.get(key) or {}).get("picked")
    if place := picked_place(picked, size):
        on_pick(*place)


def _tell_part(key: str, on_zoom: Callable[[Part], None]) -> None:
    said = (st.session_state.get(key) or {}).get("part") or {}
    part = Part.reported(said)
    if part is not None and (sequence := whole_number(said.get("sequence"))) is not None:
        st.session_state[_sequence_key(key)] = sequence
        on_zoom(part)


def _sequence_key(key: str) -> str:
    return f"{key}_sequence"


def picked_place(picked: Any, size: tuple[int, int]) -> tuple[int, int] | None:
    """Return row and column from the browser's report, None if it is no valid report.

    Args:
        picked: Whatever arrived.
        size: Rows and columns of the token grid.

    Example:
        >>> picked_place({"row": 3, "column": 4.0}, (8, 8)), picked_place({"row": 9, "column": 0}, (8, 8))
        ((3, 4), None)
    """
    try:
        row, column = int(picked["row"]), int(picked["column"])
    except (TypeError, KeyError, ValueError, OverflowError):
        return None
    return (row, column) if 0 <= row < size[0] and 0 <= column < size[1] else None
