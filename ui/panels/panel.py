"""Headings of panels: a dot in the colour of what is shown, a title and a line of figures."""

import streamlit as st


def heading(title: str, colour: str, note: str = "") -> None:
    """Draw a panel's heading; the texts are ours, never a user's."""
    below = f'<div style="opacity:.7;font-size:.85rem">{note}</div>' if note else ""
    st.html(
        f"""<div style="line-height:1.35">
        <span style="color:{colour}" aria-hidden="true">&#9679;</span> <strong>{title}</strong>
        {below}</div>"""
    )
