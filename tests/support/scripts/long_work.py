"""An app that does nothing but long work, and says how far it came."""

import time
from pathlib import Path

import streamlit as st

from ui.panels.work import Progress, worked

STEPS = 600
STEP_SECONDS = 0.1


def count(progress: Progress) -> int:
    """Count slowly, and leave in a file how far it is."""
    for step in range(STEPS):
        time.sleep(STEP_SECONDS)
        Path(st.query_params["log"]).write_text(str(step))
        progress(step + 1, STEPS, "")
    return STEPS


result = worked("count", ("count",), "Count", STEPS * STEP_SECONDS, count, lambda value: 1)
st.markdown("Nothing yet" if result is None else f"Counted to {result}")
