"""The choice of a model of the transformers library: a folder on the server's machine, or a name on the Hub."""

import streamlit as st

from ui import keys
from ui.failures import said
from ui.markdown import escaped
from ui.view.models import backbone_model, looks_like_repository, random_model
from ui.view.view import ModelHandle

BACKBONE = "backbone"
"""Its name among the variants."""

TITLE = "Hugging Face model"

HELP = (
    "A ViT, DeiT, DINOv2, Swin or Swin v2 as transformers saves it: a folder on the machine that runs this app, with "
    "config.json, model.safetensors and preprocessor_config.json; or its name on the Hugging Face Hub, such as "
    "facebook/dinov2-small."
)


def choose_backbone() -> ModelHandle:
    """Draw the choice, and return the backbone, or the demo with random weights until there is one."""
    source = st.text_input("Folder, or name on the Hub", key=keys.BACKBONE, bind="query-params", help=HELP) or ""
    source = source.strip()
    if not source:
        st.caption("Until a folder is named, this is the demo with random weights.")
        return random_model("stvit_demo")
    download = looks_like_repository(source) and _asked_for(source)
    try:
        return backbone_model(source, download)
    except Exception as error:
        st.error(f"{said(error)} The demo with random weights is shown instead.", icon=":material/error:")
        if looks_like_repository(source) and not download:
            _offer_download(source)
        return random_model("stvit_demo")


def _offer_download(source: str) -> None:
    """Ask before anything is fetched."""
    st.caption(escaped(f"Nothing is fetched unless you ask: this downloads the settings and weights of {source}.", 300))
    if st.button("Download it from the Hub", icon=":material/download:", key=keys.DOWNLOAD_BACKBONE):
        st.session_state[keys.ASKED_BACKBONE] = source
        st.rerun()


def _asked_for(source: str) -> bool:
    """Return whether this very repository was asked for in this session, once: the next run asks again."""
    return st.session_state.pop(keys.ASKED_BACKBONE, None) == source
