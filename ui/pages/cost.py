"""Cost: what attention costs with super tokens and without, by formula, counted and measured."""

import pandas as pd
import streamlit as st
import torch

from analysis.cost import cost_table, crossing, global_attention_macs, super_token_attention_macs
from analysis.figures.cost import Curve, scaling_curves
from stvit import TokenGrid
from ui.measuring import REPEATS, measure
from ui.view import View, current_view

SIZES = (224, 288, 384, 512, 768, 1024)
STAGES = (0, 1)


def show() -> None:
    """Draw the page."""
    view = current_view()
    _show_formulas(view)
    st.markdown("#### This model, one attention block")
    stage = st.segmented_control(
        "Stage",
        STAGES,
        format_func=lambda i: str(i + 1),
        default=0,
        required=True,
        key="cost_stage",
        persist_state="session",
    )
    table = _table(view.handle.model.config, stage)
    curves: list[Curve] = [
        (str(kind), source, part["size"].tolist(), (part[source] / 1e6).tolist())
        for kind, part in table.groupby("attention", sort=False)
        for source in ("formula", "counted")
    ]
    st.plotly_chart(scaling_curves(curves, title="operations", unit="million MAC"), key="cost_curves")
    st.caption(
        "Counted with PyTorch's own counter on the very module; the formulas leave out the folding of neighbours."
    )
    _show_measured(view, stage)


def _show_formulas(view: View) -> None:
    config = view.handle.model.config
    st.markdown("#### The formulas")
    with st.container(horizontal=True):
        side = st.slider("Tokens a side", 8, 256, 56, 8, key="cost_side", width=220, persist_state="session")
        cell = st.slider("Cell", 2, 16, 8, key="cost_cell", width=220, persist_state="session")
        channels = st.slider(
            "Channels C", 16, 512, config.embed_dims[0], 8, key="cost_channels", width=220, persist_state="session"
        )
    grid = TokenGrid(side, side, cell)
    whole = global_attention_macs(grid.num_tokens, channels)
    through = super_token_attention_macs(grid.num_tokens, grid.num_super_tokens, channels)
    with st.container(horizontal=True):
        st.metric("Global, 2 N² C + 4 N C²", f"{whole / 1e6:,.1f} M MAC", width="content", border=True)
        st.metric("Super tokens, 28 N C + 2 M² C + 4 M C²", f"{through / 1e6:,.1f} M MAC", width="content", border=True)
        st.metric("Ratio", f"{whole / through:,.1f} x", width="content", border=True)
    meeting = crossing(channels, cell**2)
    st.caption(
        f"N = {grid.num_tokens:,} tokens, M = {grid.num_super_tokens:,} super tokens. "
        + (f"The formulas cross at N = {meeting:,.0f}." if meeting else "Super tokens cost less at every N here.")
    )


@st.cache_data(max_entries=16, show_spinner="Counting operations ...")
def _table(config: object, stage: int) -> pd.DataFrame:
    return cost_table(config, SIZES, (stage,))  # type: ignore[arg-type]  # Streamlit hashes the config by its fields


def _show_measured(view: View, stage: int) -> None:
    """Measure on this machine when asked; what was measured stays until the model or the stage changes."""
    key = f"measured_{view.handle.digest}_{stage}"
    if st.button(
        "Measure on this machine", icon=":material/timer:", help=f"Medians of {REPEATS} runs, about half a minute"
    ):
        st.session_state[key] = measure(view.handle.model.config, stage)
    if key in st.session_state:
        st.plotly_chart(scaling_curves(st.session_state[key], title="time", unit="ms"), key="measured_curves")
        st.caption(f"One attention block, one picture, {torch.get_num_threads()} threads, median of {REPEATS} runs.")


show()
