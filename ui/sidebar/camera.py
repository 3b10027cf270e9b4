"""Pictures from the camera, taken in a dialog: a camera on the page itself would ask for permission unasked."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from ui import keys
from ui.sidebar.kept import KeptUpload


def offer_camera() -> None:
    """Draw the button that opens the camera."""
    if st.button("Take a picture", icon=":material/photo_camera:", key="open_camera", width="stretch"):
        _take()


def shots() -> list[KeptUpload]:
    """Return the pictures that were taken in this session."""
    taken: list[KeptUpload] = st.session_state.setdefault(keys.SHOTS, [])
    return taken


@st.dialog("Take a picture")
def _take() -> None:
    taken = shots()
    # Another camera for each shot, or the dialog would open on the last one.
    shot = st.camera_input("Camera", key=f"{keys.CAMERA}_{len(taken)}", label_visibility="collapsed")
    if shot is None:
        st.caption("The picture joins your own ones in the sidebar.")
        return
    taken.append(KeptUpload(shot.file_id, name_of_shot(Path(shot.name).suffix, _now()), shot.getvalue()))
    st.rerun()


def name_of_shot(suffix: str, taken: datetime) -> str:
    """Return the file name of a picture that was taken at a time.

    Example:
        >>> name_of_shot(".jpg", datetime(2026, 3, 9, 14, 5, 7))
        'camera 2026-03-09 14.05.07.jpg'
    """
    return f"camera {taken:%Y-%m-%d %H.%M.%S}{suffix}"


def _now() -> datetime:
    """Return the time where the browser is, the server's where it does not say."""
    try:
        return datetime.now(ZoneInfo(st.context.timezone or ""))
    except (ValueError, ZoneInfoNotFoundError):
        return datetime.now(UTC).astimezone()
