"""Sweeps that pages read: opened once for all sessions, and opened anew when the files change."""

from pathlib import Path

import streamlit as st

from analysis.sweeps.reading import Sweep, open_sweep


def opened(folder: str) -> Sweep:
    """Return the results of a sweep in a folder of the machine that serves the app.

    Raises:
        FileNotFoundError: If the folder holds no complete sweep.
        ValueError: If a file is damaged.
    """
    return _opened(folder, _stamp(folder))


@st.cache_resource(max_entries=4, show_spinner="Opening the sweep ...")
def _opened(folder: str, stamp: int) -> Sweep:
    """Open a sweep; the stamp tells one sweep into a folder from the next."""
    return open_sweep(Path(folder))


def _stamp(folder: str) -> int:
    try:
        return (Path(folder) / "sweep.json").stat().st_mtime_ns
    except OSError:
        return 0


def key_of(sweep: Sweep) -> tuple[str, int]:
    """Return what tells a sweep from others, for cache keys."""
    return str(sweep.folder), _stamp(str(sweep.folder))
