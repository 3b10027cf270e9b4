"""The most and the least redundant pictures of a sweep as thumbnails, where they are at hand; a click opens one."""

from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from analysis.figures.numbers import percent, significant
from analysis.sweeps.at_hand import find_picture
from analysis.sweeps.reading import Sweep, extremes
from stvit.foreign_text import plain
from stvit.images import ImageError, load_image
from stvit.variants import VARIANTS
from stvit.weights.pretrained import list_pretrained
from ui import keys
from ui.markdown import escaped, unbroken
from ui.panels.panel import note
from ui.sidebar.gallery import thumbnail
from ui.view.sweeps import key_of

COUNT = 6
"""Pictures at each end."""

WIDTH = 118
"""Of a thumbnail in CSS pixels."""

TITLES = {"most": "The most redundant pictures", "least": "The least redundant pictures"}


def show_extremes(sweep: Sweep) -> None:
    """Draw both ends."""
    note(
        "Score: how many standard deviations a picture lies on the redundant side, mean over blocks and metrics of the "
        "model's own attention. A click opens a picture in Explore."
    )
    table = _extremes(sweep)
    for end, title in TITLES.items():
        st.markdown(f"**{title}**")
        with st.container(horizontal=True, gap="small"):
            for _, row in table[table["redundant"] == end].iterrows():
                _show(sweep, row)


@st.cache_data(max_entries=4, show_spinner="Comparing the pictures ...", hash_funcs={Sweep: key_of})
def _extremes(sweep: Sweep) -> pd.DataFrame:
    return extremes(sweep, COUNT)


def _show(sweep: Sweep, row: pd.Series) -> None:
    """Draw one picture with its class, what the model took it for and its score."""
    name = plain(str(row["image"]).rpartition("/")[2], 60)
    image = _thumbnail(sweep, str(row["image"]))
    with st.container(width=WIDTH, gap=None):
        if image is None:
            st.caption(f":material/hide_image: {escaped(name)} is not at hand.")
        else:
            st.image(image, width=WIDTH, alt=f"{name}: open in Explore", link=link_to(sweep, str(row["image"])))
        st.caption(unbroken(escaped(f"{_what(row)} · score {significant(row['score'])}")))


def _what(row: pd.Series) -> str:
    """Return the class and what the model took the picture for, if that is another one."""
    if pd.isna(row["probability"]):
        return str(row["class"] or "")
    guess = f"{row['predicted_class'] or row['prediction']} {percent(row['probability'])}"
    wrong = not pd.isna(row["correct"]) and not row["correct"]
    return f"taken for {guess}" if wrong else guess


@st.cache_data(max_entries=256, show_spinner=False, hash_funcs={Sweep: key_of})
def _thumbnail(sweep: Sweep, image: str) -> str | None:
    found = find_picture(sweep, image)
    try:
        return None if found is None else thumbnail(load_image(found.data, name=found.name))
    except ImageError:
        return None


def link_to(sweep: Sweep, image: str) -> str:
    """Return the address of a picture of a sweep in Explore, through the model of the sweep if it is here."""
    words = {keys.DATASET: str(sweep.folder), keys.SWEPT: image}
    said = sweep.configuration
    entry = next((entry for entry in list_pretrained() if entry.name == said["model"] and entry.available), None)
    if entry is not None:
        words |= {keys.VARIANT: VARIANTS[entry.variant].title, keys.WEIGHTS: entry.name}
    if said["settings"]["size"] is not None:
        words |= {keys.SIZE: f"{said['settings']['size']} px"}
    return f"explore?{urlencode(words)}"
