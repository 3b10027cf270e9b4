"""What the anchor of Explore is: the choices that the explorer makes on the picture, so that links hold them."""

import streamlit as st

from analysis.one_token.region import REGIONS, SIDE, THOUSAND, Region
from ui import keys
from ui.address import number_binding


def open_region(region: Region) -> None:
    """Set the pickers to a region, before they are drawn."""
    st.session_state.update(
        {keys.REGION: region.kind, keys.REGION_HEIGHT: region.height, keys.REGION_WIDTH: region.width}
    )


def choose_region() -> Region:
    """Draw all pickers of what the anchor is."""
    kind = st.segmented_control(
        "The anchor is a",
        list(REGIONS),
        format_func=REGIONS.__getitem__,
        default="token",
        required=True,
        key=keys.REGION,
        bind="query-params",
        persist_state="session",
        help="Of a region the maps show the mean row, or the mean column, of its tokens.",
    )
    with st.container(horizontal=True):
        height, width = (
            _choose_side(words, key) for words, key in (("height", keys.REGION_HEIGHT), ("width", keys.REGION_WIDTH))
        )
    return Region(kind or "token", height, width)


def _choose_side(words: str, key: str) -> int:
    return int(
        st.number_input(
            f"Rectangle's {words}",
            1,
            THOUSAND,
            SIDE,
            key=key,
            bind=number_binding(key),
            persist_state="session",
            width=150,
            help="In thousandths of the picture.",
        )
    )
