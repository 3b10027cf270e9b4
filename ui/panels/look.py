"""How attention is shown on Explore: the choices that the explorer's toolbar makes, so that links hold them."""

import streamlit as st

from ui import keys
from ui.address import number_binding
from ui.explorer.look import SCALES, Look

PER_PANEL, SHARED = "per panel", "shared"
OUTGOING, INCOMING = "outgoing", "incoming"
BOUNDARIES = {"picture": (True, False), "maps": (False, True), "both": (True, True), "none": (False, False)}
"""Where super tokens are outlined: on the picture, on the maps."""


def open_look(look: Look) -> None:
    """Set the pickers to a look, before they are drawn."""
    places = {value: name for name, value in BOUNDARIES.items()}
    st.session_state.update(
        {
            keys.DIRECTION: INCOMING if look.incoming else OUTGOING,
            keys.SCALE: look.scale,
            keys.RANGE: SHARED if look.shared else PER_PANEL,
            keys.OPACITY: look.opacity,
            keys.BOUNDARIES: places[look.boundaries, look.outlines],
        }
    )


def choose_look() -> Look:
    """Draw all pickers of how attention is shown."""
    direction = _choose("Direction", keys.DIRECTION, {OUTGOING: OUTGOING, INCOMING: INCOMING})
    scale = _choose("Scale", keys.SCALE, SCALES)
    shared = choose_range()
    places = {name: name for name in BOUNDARIES}
    on_picture, on_maps = BOUNDARIES[_choose("Super token boundaries", keys.BOUNDARIES, places)]
    opacity = st.slider(
        "Heat opacity",
        0.0,
        1.0,
        Look().opacity,
        0.05,
        key=keys.OPACITY,
        bind=number_binding(keys.OPACITY),
        persist_state="session",
    )
    return Look(direction == INCOMING, scale, shared, opacity, on_picture, on_maps)


def choose_range() -> bool:
    """Draw the choice of colour range and return whether the attention panels share it."""
    ranges = {PER_PANEL: PER_PANEL, SHARED: SHARED}
    help_text = "Shared: the bars of all attention panels end at the same value."
    return _choose("Colour range", keys.RANGE, ranges, help_text) == SHARED


def _choose(label: str, key: str, titles: dict[str, str], help_text: str | None = None) -> str:
    """Draw a picker; the first value is the default."""
    first = next(iter(titles))
    chosen = st.segmented_control(
        label,
        list(titles),
        format_func=titles.__getitem__,
        default=first,
        required=True,
        key=key,
        bind="query-params",
        persist_state="session",
        help=help_text,
    )
    return chosen or first
