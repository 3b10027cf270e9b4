"""Models for the app: built once, shared by all sessions, never changed."""

from pathlib import Path

import streamlit as st

from stvit import create_model
from stvit.foreign_text import plain
from stvit.variants import VARIANTS
from stvit.weights.content import Content
from stvit.weights.load import model_and_report, model_digest
from stvit.weights.pretrained import list_pretrained, pretrained_and_report
from ui.view.view import ModelHandle

RANDOM = "random"
UPLOAD = "upload"


def weight_choices(variant: str) -> dict[str, str]:
    """Return the weights available here for a variant, key to label: those found first, then random, then uploaded.

    The labels also appear in addresses, so they are short and the same on every machine.
    """
    found = {entry.name: entry.name for entry in list_pretrained() if entry.variant == variant and entry.available}
    return found | {RANDOM: "random", UPLOAD: "from a file"}


@st.cache_resource(max_entries=4, show_spinner="Building the model ...")
def random_model(variant: str) -> ModelHandle:
    """Return a variant with random weights, the same in every session."""
    model = create_model(variant, seed=0).eval()
    title = f"{VARIANTS[variant].title}, random weights"
    return ModelHandle(model, model_digest(model), title, trained=False, options=("--random", variant))


@st.cache_resource(max_entries=4, show_spinner="Loading the weights ...")
def pretrained_model(name: str) -> ModelHandle:
    """Return a model of the manifest whose file is available here."""
    model, report = pretrained_and_report(name)
    entry = next(entry for entry in list_pretrained() if entry.name == name)
    title = f"{VARIANTS[entry.variant].title} at {entry.resolution}"
    options = ("--model", name)
    return ModelHandle(model, model_digest(model), title, trained=True, options=options, notes=report.notes)


@st.cache_resource(max_entries=2, show_spinner="Reading the weights ...")
def from_upload(name: str, data: bytes) -> ModelHandle:
    """Return the model in an uploaded file.

    Raises:
        WeightsError: If the file holds no such model.
    """
    content = Content(Path(name), data)
    model, report = model_and_report(content)
    return ModelHandle(
        model, content.sha256, plain(name), trained=True, options=("--weights", name), notes=report.notes
    )
