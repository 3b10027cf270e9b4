"""Cost: what attention costs with super tokens and without, by formula, counted and measured."""

import pandas as pd
import streamlit as st
import torch

from analysis.commands.views.cost import Cost
from analysis.cost import COST_SIZES, cost_table, crossing, global_attention_macs, super_token_attention_macs
from analysis.figures.screen.cost import scaling_curves
from analysis.reports.charts import cost_report, operation_curves, time_curves
from stvit import TokenGrid
from ui.measuring import REPEATS, measure
from ui.panels.export import Export, model_options, offer
from ui.view.view import View, current_view

STAGES = (0, 1)


def show() -> None:
    """Draw the page."""
    view = current_view()
    _show_formulas(view)
    st.markdown("#### This model, one attention block")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        stage = st.segmented_control(
            "Stage", STAGES, format_func=lambda i: str(i + 1), default=0, required=True, key="cost_stage",
            persist_state="session",
        )  # fmt: skip
        place = st.container(width="content")  # the export stands here, but knows whether times were measured
    table = _table(view.handle.model.config, stage)
    curves = operation_curves(table)
    st.plotly_chart(
        scaling_curves(curves, title="operations", unit="million MAC"), key="cost_curves",
        config={"displayModeBar": False},
    )  # fmt: skip
    st.caption(
        "Counted with PyTorch's own counter on the very module; the formulas leave out the folding of neighbours."
    )
    measured = _show_measured(view, stage)
    settings = Cost(**model_options(view), stage=stage, measure=measured is not None)
    report = cost_report(view.handle.title, stage, table, measured)
    with place:
        offer(Export(f"cost-stage{stage + 1}", report, settings, "a line for each size and kind of attention"))


def _show_formulas(view: View) -> None:
    config = view.handle.model.config
    st.markdown("#### The formulas")
    with st.container(horizontal=True):
        side = st.slider("Tokens a side", 8, 256, 56, 8, key="cost_side", width=220, persist_state="session")
        cell = st.slider("Cell", 2, 16, 8, key="cost_cell", width=220, persist_state="session")
        channels = st.slider(
            "Channels C", 16, 512, config.embed_dims[0], 8, width=220, persist_state="session",
            key=f"cost_channels_{config.embed_dims[0]}",  # another model starts from its own
        )  # fmt: skip
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
    return cost_table(config, COST_SIZES, (stage,))  # type: ignore[arg-type]  # Streamlit hashes the config by its fields


def _show_measured(view: View, stage: int) -> pd.DataFrame | None:
    """Measure on this machine when asked; what was measured stays until the model or the stage changes."""
    key = f"measured_{view.handle.digest}_{stage}"
    if st.button(
        "Measure on this machine", icon=":material/timer:", help=f"Medians of {REPEATS} runs, about half a minute"
    ):
        st.session_state[key] = measure(view.handle.model.config, stage)
    measured: pd.DataFrame | None = st.session_state.get(key)
    if measured is not None:
        figure = scaling_curves(time_curves(measured), title="time", unit="ms")
        st.plotly_chart(figure, key="measured_curves", config={"displayModeBar": False})
        st.caption(
            f"One attention block, one picture, {torch.get_num_threads()} threads, median of {REPEATS} runs; attention "
            "among tokens and among super tokens by PyTorch's fused kernel."
        )
    return measured


show()
