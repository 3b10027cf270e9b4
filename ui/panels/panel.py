"""What panels have in common: a heading, a chart, a slot, and the line that says what is shown."""

from collections.abc import Callable

import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.figures.style import PANEL_WIDTH
from ui.markdown import escaped, in_html
from ui.view.view import View

LONGEST_CAPTION_PART = 200


def heading(title: str, colour: str, note: str = "") -> None:
    """Draw a panel's heading: a dot in the colour of what is shown, a title, a line of figures.

    Title and note may hold foreign names.
    """
    shown = in_html(note, LONGEST_CAPTION_PART)
    below = f'<div style="opacity:.7;font-size:.85rem">{shown}</div>' if note else ""
    st.html(
        f"""<div style="line-height:1.35">
        <span style="color:{colour}" aria-hidden="true">&#9679;</span> <strong>{in_html(title)}</strong>
        {below}</div>"""
    )


def chart(
    figure: go.Figure, key: str, *, fills_width: bool = False, on_select: Callable[[], None] | None = None
) -> None:
    """Draw a figure.

    Args:
        figure: Already has its final width, unless it fills its container.
        key: Name of the chart in the session.
        fills_width: Whether it is as wide as its container.
        on_select: Called when points are clicked, before the page runs again.
    """
    st.plotly_chart(
        figure,
        key=key,
        width="stretch" if fills_width else "content",
        on_select=on_select or "ignore",
        selection_mode="points",
        config={"displayModeBar": False},
    )


def slot() -> DeltaGenerator:
    """Return a container for one panel; slots flow into as many columns as the window has room for."""
    return st.container(width=PANEL_WIDTH)


def caption(view: View, *parts: str) -> None:
    """Say in one line what is shown: model, picture and the resolution that is used, then the parts; no Markdown."""
    height, width = view.picture.shown.shape[:2]
    said = (view.handle.title, view.picture.source.name, f"{width} x {height} px", *parts)
    st.caption(" · ".join(escaped(part, LONGEST_CAPTION_PART) for part in said if part))
