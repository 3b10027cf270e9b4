"""Cost: what attention costs with and without super tokens: by formula, counted, and measured."""

import pandas as pd
import streamlit as st
import torch

from analysis.answers.cost import cost_answer
from analysis.commands.views.cost import Cost
from analysis.cost import (
    COST_SIZES,
    MEASURED_SIZES,
    REPEATS,
    check_compared,
    cost_table,
    time_table,
)
from analysis.figures.screen.cost import scaling_curves
from analysis.reports.charts import cost_report, operation_curves, time_curves
from stvit import BlockId, STViTConfig
from ui import keys
from ui.panels.answer import asked
from ui.panels.cost_formulas import show_formulas
from ui.panels.export import Export, model_options
from ui.panels.panel import chart, note
from ui.tray.pinning import describe
from ui.view.view import View

QUESTION = "What do super tokens save?"

STAGES = (0, 1)


def draw(view: View) -> None:
    """Draw the page."""
    answer = asked(QUESTION)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.segmented_control(
            "Stage",
            STAGES,
            format_func=lambda stage: str(stage + 1),
            default=0,
            required=True,
            key=keys.COST_STAGE,
            bind="query-params",
            persist_state="session",
        )
        stage = chosen or 0
        export = st.container(width="content")  # it knows whether times were measured
    try:
        check_compared(view.handle.model.config, stage)
    except ValueError as error:
        st.info(str(error), icon=":material/info:")
        return
    table = _table(view.handle.model.config, stage)
    describe(f"{view.handle.title} · one attention block of stage {stage + 1} · one picture")
    figure = scaling_curves(operation_curves(table), title="operations", unit="million MAC")
    chart(figure, "cost_curves", "Operations by size", fills_width=True)
    note(
        f"One attention block of stage {stage + 1} of this model. Counted with PyTorch's own counter on the module "
        "itself; the formulas leave out the folding of neighbours."
    )
    answer.say(_answer(table, stage, view.picture.shown.shape[0]))
    measured = _show_measured(view, stage)
    show_formulas(view.capture[BlockId(stage, 0)], view.handle.model.config.embed_dims[stage])
    settings = Cost(**model_options(view), stage=stage, measure=measured is not None)
    report = cost_report(view.handle.title, stage, table, measured)
    with export:
        Export(f"cost-stage{stage + 1}", lambda: report, settings, "a line for each size and kind of attention").offer()


def _answer(table: pd.DataFrame, stage: int, size: int) -> str:
    """Return the sentence about the size that was counted nearest to the one that is chosen."""
    nearest = min(table["size"].unique(), key=lambda each: abs(each - size))
    counted = table[table["size"] == nearest].set_index("attention")["counted"]
    return cost_answer(stage, int(nearest), float(counted["super"]), float(counted["global"]))


@st.cache_data(max_entries=16, show_spinner="Counting operations ...")
def _table(config: STViTConfig, stage: int) -> pd.DataFrame:
    return cost_table(config, COST_SIZES, (stage,))


def _show_measured(view: View, stage: int) -> pd.DataFrame | None:
    """Measure on this machine when asked; what was measured stays until the model or the stage changes."""
    key = f"{keys.MEASURED_TIMES}_{view.handle.digest}_{stage}"
    help_text = f"Medians of {REPEATS} runs, about half a minute"
    if st.button("Measure on this machine", icon=":material/timer:", help=help_text):
        st.session_state[key] = _measure(view.handle.model.config, stage)
    measured: pd.DataFrame | None = st.session_state.get(key)
    if measured is not None:
        figure = scaling_curves(time_curves(measured), title="time", unit="ms")
        chart(figure, "measured_curves", f"Time by size, {torch.get_num_threads()} threads", fills_width=True)
        note(
            f"One attention block, one picture, {torch.get_num_threads()} threads, median of {REPEATS} runs; attention "
            "among tokens and among super tokens by PyTorch's fused kernel."
        )
    return measured


def _measure(config: STViTConfig, stage: int) -> pd.DataFrame:
    """Return the median time in ms of one attention block of a stage, with super tokens and without."""
    bar = st.progress(0.0, text="Measuring ...")

    def show(kind: str, size: int, done: int, jobs: int) -> None:
        bar.progress(done / jobs, text=f"Measured {kind} attention at {size} px")

    table = time_table(config, stage, MEASURED_SIZES, show)
    bar.empty()
    return table
