"""A page with nothing but the explorer, served by the browser tests."""

import streamlit as st

from analysis.figures.canvas import Anchor
from stvit import BlockId
from stvit.images.samples import sample_images
from ui.explorer import ExplorerState, explorer
from ui.view.models import random_model
from ui.view.runs import sample, view_of

st.set_page_config(layout="wide")
view = view_of(sample(next(iter(sample_images()))), random_model("stvit_demo"), 224, "crop")


def follow(chosen: ExplorerState) -> None:
    st.session_state["followed"] = f"{chosen.row} {chosen.column}"


state = explorer(view, BlockId(0, 0), None, Anchor(10, 20), on_change=follow)
st.text(f"Python: {tuple(state.block)} {state.row} {state.column} {state.head}")
st.text(f"Region: {state.region.kind} {state.region.height} {state.region.width}")
st.text(f"Followed: {st.session_state.get('followed')}")
