"""An app that does nothing but run a slow model, and leaves in a file how many blocks were run in all."""

import time
from pathlib import Path

import streamlit as st

from ui.failures import one_sentence
from ui.panels.running import run_shown
from ui.view.models import random_model
from ui.view.runs import sample, view_of

BLOCK_SECONDS = 0.5


@st.cache_resource
def slow_model(log: str):
    """Return a model each of whose blocks takes its time."""
    handle = random_model("stvit_demo")
    for module in handle.model.blocks().values():
        module.register_forward_pre_hook(lambda *_: wait(Path(log)))
    return handle


def wait(log: Path) -> None:
    """Take time, and count it."""
    time.sleep(BLOCK_SECONDS)
    log.write_text(str(int(log.read_text()) + 1))


with one_sentence("It"):
    run_shown(view_of(sample("cat"), slow_model(st.query_params["log"]), 64, "crop"))
    st.markdown("It ran to its end.")
