"""Many pictures to compare one with: the reference that ships, or a sweep of one's own."""

from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.any_model import digest_of
from analysis.sweeps.bands import REFERENCE_NAME, bands_of
from analysis.sweeps.reading import Sweep
from analysis.sweeps.reference import Bands, reference
from stvit.error_text import sentence
from stvit.foreign_text import plain
from ui import keys
from ui.failures import LONGEST_SENTENCE
from ui.markdown import escaped
from ui.panels.panel import note
from ui.view.sweeps import key_of, opened
from ui.view.view import BY_KEY, ModelHandle, View

SWEEP, NOTHING = "sweep", "none"

TITLES = {REFERENCE_NAME: "reference", SWEEP: "a sweep", NOTHING: "none"}


@dataclass(frozen=True)
class ManyPictures:
    """Many pictures that one is compared with.

    Attributes:
        name: "reference", or the folder of a sweep.
        bands: How their numbers spread.
    """

    name: str
    bands: Bands


def choose_bands(view: View, below: DeltaGenerator) -> ManyPictures | None:
    """Draw the choice of many pictures, and return them if they can be compared with the view.

    Args:
        view: What is compared with them.
        below: Where to ask for a folder, and to say why they cannot be compared; beside the choice, either would push
            others out of the row.
    """
    which = st.segmented_control(
        "Compare with many pictures",
        list(TITLES),
        format_func=TITLES.__getitem__,
        default=REFERENCE_NAME,
        required=True,
        key=keys.BANDS,
        bind="query-params",
        persist_state="session",
        help="Bands show where 90 % of the pictures of a sweep lie. The reference that ships is one of Imagenette.",
    )
    with below:
        if which == SWEEP:
            return _of_folder(view, choose_folder())
        return _shipped(view) if which == REFERENCE_NAME else None


def choose_folder(label: str = "Folder of a sweep", key: str = keys.DATASET) -> str:
    """Draw the input of a folder on the machine that serves the app, and return what was written."""
    return st.text_input(
        label, key=key, bind="query-params", persist_state="session", placeholder="results/val", width=320
    ).strip()


def why_not(bands: Bands, view: View) -> str:
    """Return why numbers of a view cannot be compared with those of many pictures, or nothing if they can."""
    swept = bands.swept
    if swept.weights != _digest(view.handle):
        return f"The sweep is one of {plain(bands.model)} with other weights, so there is nothing to compare with."
    if (swept.size, swept.framing) != (view.size, view.framing):
        return (
            f"The many pictures were measured at {swept.size} px ({swept.framing}), on which numbers depend; choose "
            "that size and framing to compare."
        )
    return ""


def _shipped(view: View) -> ManyPictures | None:
    flag, name = view.handle.options
    bands = reference(name) if flag == "--model" else None
    if bands is None:
        note("No reference of this model ships; a sweep of your own can stand in for it.")
        return None
    return _fitting(ManyPictures(REFERENCE_NAME, bands), view)


def _of_folder(view: View, folder: str) -> ManyPictures | None:
    if not folder:
        st.caption("Name the folder that `python -m analysis sweep DATA --out FOLDER` wrote.")
        return None
    try:
        bands = _bands(opened(folder))
    except (OSError, ValueError) as error:
        show_failure(error)
        return None
    return _fitting(ManyPictures(folder, bands), view)


def show_failure(error: Exception) -> None:
    """Say in one sentence why a folder cannot be read; a wrong folder is nobody's mistake but the writer's."""
    st.warning(escaped(sentence(error), LONGEST_SENTENCE), icon=":material/folder_off:")


def _fitting(many: ManyPictures, view: View) -> ManyPictures | None:
    reason = why_not(many.bands, view)
    if reason:
        note(reason)
    return None if reason else many


@st.cache_resource(max_entries=4, show_spinner="Reading the sweep ...", show_time=True, hash_funcs={Sweep: key_of})
def _bands(sweep: Sweep) -> Bands:
    return bands_of(sweep)


@st.cache_data(max_entries=8, show_spinner=False, hash_funcs=BY_KEY)
def _digest(handle: ModelHandle) -> str:
    return digest_of(handle.network)
