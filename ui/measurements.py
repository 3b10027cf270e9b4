"""The ledger of the current view, measured once and kept."""

import pandas as pd
import streamlit as st

from analysis import ledger
from ui.view.view import View

ATTENTIONS = {"super": "Super token", "global": "Global", "local": "Local"}

GLOBAL_TOKENS = 10_000
"""Above this many tokens in a block global attention is left out of the app: it would take minutes."""


def attentions_within_reach(view: View) -> list[str]:
    """Return the kinds of attention that can be measured here in seconds."""
    most = max(record.grid.num_tokens for record in view.capture.values())
    return [name for name in ATTENTIONS if name != "global" or most <= GLOBAL_TOKENS]


def measured(view: View, attentions: tuple[str, ...]) -> pd.DataFrame:
    """Return the ledger of a view."""
    return _measured((view.key, *attentions), view)


@st.cache_data(max_entries=8, show_spinner="Measuring every block and head ...", show_time=True)
def _measured(key: tuple[str, ...], _view: View) -> pd.DataFrame:
    _, *attentions = key
    return ledger(_view.capture, attentions=attentions, image_names=[_view.picture.source.name])
