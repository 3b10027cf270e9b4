"""Time one attention block on this machine, with a bar that shows how far it is."""

import pandas as pd
import streamlit as st

from analysis.cost import MEASURED_SIZES, REPEATS, time_table
from stvit import STViTConfig

__all__ = ["MEASURED_SIZES", "REPEATS", "measure"]


def measure(config: STViTConfig, stage: int) -> pd.DataFrame:
    """Return the median time in ms of one attention block of a stage, with super tokens and without."""
    bar = st.progress(0.0, text="Measuring ...")

    def show(kind: str, size: int, done: int, jobs: int) -> None:
        bar.progress(done / jobs, text=f"Measured {kind} attention at {size} px")

    table = time_table(config, stage, MEASURED_SIZES, show)
    bar.empty()
    return table
