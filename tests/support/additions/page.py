"""A page: the number of tokens of the first block."""

import streamlit as st

from ui.pages import registry


def draw(view):
    st.info(f"The first block has {next(iter(view.capture.values())).grid.num_tokens} tokens.")


registry.PAGES = (
    *registry.PAGES,
    registry.Page("tokens", "Tokens", ":material/numbers:", "How many tokens are there?", draw),
)
