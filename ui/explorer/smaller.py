"""What replaces an explorer whose messages would be too large: the reason, and a size that fits."""

from collections.abc import Iterable

import streamlit as st

from stvit.images.framing import Size, whole_framing
from ui.explorer.budget import BUDGET, at_size, largest_message, shapes
from ui.view.view import View

MB = 10**6


def offer_smaller(view: View, sizes: Iterable[int], key: str) -> bool:
    """Warn if the explorer would send the browser too much data, and offer the largest size that fits.

    Args:
        view: Picture, model and capture; nothing is built from it.
        sizes: Resolutions that a person can choose, in px.
        key: Key of the widget with the resolution in the session.

    Returns:
        Whether a warning was shown, in which case the explorer must not be drawn.
    """
    blocks = shapes(view.capture)
    wanted = largest_message(blocks)
    if wanted <= BUDGET:
        return False
    asked = min(view.picture.framing.size)
    fitting = [size for size in sizes if size < asked and at_size(blocks, *_pixels(view, size)) <= BUDGET]
    reason = f"would send your browser {wanted / MB:,.0f} MB at once, more than its limit of {BUDGET / MB:,.0f} MB"
    if not fitting:
        st.warning(f"The live view {reason}, at every resolution; choose the centre crop.", icon=":material/memory:")
        return True
    best = max(fitting)
    st.warning(f"At {asked:,} px the live view {reason}; at {best:,} px it fits.", icon=":material/memory:")
    st.button(f"Show it at {best:,} px", on_click=st.session_state.update, kwargs={key: best}, type="primary")
    return True


def _pixels(view: View, size: int) -> Size:
    """Return height and width of the view's picture at another resolution."""
    return (size, size) if view.framing == "crop" else whole_framing(view.picture.framing.original, size).size
