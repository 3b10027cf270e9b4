"""Many pictures to compare one with: the reference that ships, or a sweep of one's own."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from analysis.sweeps.bands import REFERENCE_NAME, bands_of
from analysis.sweeps.reading import open_sweep
from analysis.sweeps.reference import Bands, reference
from stvit.foreign_text import plain
from stvit.weights.load import model_digest
from ui import keys
from ui.failures import said
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


def choose_bands(view: View) -> ManyPictures | None:
    """Draw the choice of many pictures, and return them if they can be compared with the view."""
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
            f"The pictures of the sweep were measured at {swept.size} px ({swept.framing}); numbers depend on that, "
            "so choose the same to compare."
        )
    return ""


def _shipped(view: View) -> ManyPictures | None:
    flag, name = view.handle.options
    bands = reference(name) if flag == "--model" else None
    if bands is None:
        st.caption("No reference of this model ships; a sweep of your own can stand in for it.")
        return None
    return _fitting(ManyPictures(REFERENCE_NAME, bands), view)


def _of_folder(view: View, folder: str) -> ManyPictures | None:
    if not folder:
        st.caption("Name the folder that `python -m analysis sweep DATA --out FOLDER` wrote.")
        return None
    try:
        bands = folder_bands(folder, _stamp(folder))
    except (OSError, ValueError, ModuleNotFoundError) as error:
        st.warning(said(error), icon=":material/folder_off:")
        return None
    return _fitting(ManyPictures(folder, bands), view)


def _fitting(many: ManyPictures, view: View) -> ManyPictures | None:
    reason = why_not(many.bands, view)
    if reason:
        st.caption(reason)
    return None if reason else many


@st.cache_resource(max_entries=4, show_spinner="Reading the sweep ...", show_time=True)
def folder_bands(folder: str, stamp: int) -> Bands:
    """Return how the numbers of a sweep spread; the stamp tells one sweep into a folder from the next."""
    return bands_of(open_sweep(Path(folder)))


def _stamp(folder: str) -> int:
    try:
        return (Path(folder) / "sweep.json").stat().st_mtime_ns
    except OSError:
        return 0


@st.cache_data(max_entries=8, show_spinner=False, hash_funcs=BY_KEY)
def _digest(handle: ModelHandle) -> str:
    return model_digest(handle.model)
