"""Links to pictures that a person uploaded: the link names the picture by its digest, and only the person has it."""

from collections.abc import Mapping

import streamlit as st

from ui import keys
from ui.browser.component import tab_name
from ui.sidebar.kept import KEPT, KeptUpload, Upload, digest_of

ASKS = (
    "This link shows a picture of somebody's own (digest {digest}), which no link can carry. Upload the same file, "
    "drop it anywhere on this page or paste it, and you see exactly what the link shows."
)
OTHER = "The picture that you uploaded is not the one of the link (digest {digest}); it is shown all the same."


def wanted_digest() -> str | None:
    """Return the digest of the picture that the session's link asks for and nobody has given yet."""
    if keys.WANTED not in st.session_state:
        st.session_state[keys.WANTED] = st.query_params.get(keys.PICTURE, "").strip() or None
    wanted: str | None = st.session_state[keys.WANTED]
    return wanted


def restored_uploads() -> tuple[KeptUpload, ...]:
    """Return the uploads from before a reload of this tab; the browser has to tell first which tab it is."""
    tab = tab_name()
    if tab and keys.RESTORED not in st.session_state:
        _hold(tab)
        st.session_state[keys.RESTORED] = KEPT.of(tab)
    found: tuple[KeptUpload, ...] = st.session_state.get(keys.RESTORED, ())
    return found


def keep_uploads(files: Mapping[str, Upload]) -> None:
    """Keep the uploads of this tab for a reload."""
    tab, names = tab_name(), tuple(files)
    if tab and st.session_state.get(keys.KEPT_FOR_RELOAD) != names:
        KEPT.keep(tab, [KeptUpload(file.file_id, file.name, file.getvalue()) for file in files.values()])
        st.session_state[keys.KEPT_FOR_RELOAD] = names


@st.cache_resource(scope="session", show_spinner=False, on_release=KEPT.let_go)
def _hold(tab: str) -> str:
    KEPT.hold(tab)
    return tab


def find_wanted(files: Mapping[str, Upload], newest: str | None) -> bool:
    """Open the picture of the link if it is among the uploads.

    Args:
        files: The usable uploads, by key.
        newest: Key of an upload that has just come.

    Returns:
        Whether the picture is still wanted, and nothing can be shown before it comes.
    """
    wanted = wanted_digest()
    if wanted is None:
        return False
    match = next((key for key, file in files.items() if digest_of(file) == wanted), None)
    if match is None and newest is None:
        return True
    st.session_state[keys.WANTED] = None
    if match is None:
        st.warning(OTHER.format(digest=_shown(wanted)), icon=":material/link_off:")
    else:
        st.session_state.update({keys.GALLERY: "own", keys.OWN_PICTURE: match})
    return False


def ask_for_picture() -> None:
    """Say in place of a page which picture its link needs, and offer a sample instead."""
    st.info(ASKS.format(digest=_shown(wanted_digest() or "")), icon=":material/add_photo_alternate:")
    if st.button("Show a sample instead", key="give_up_picture"):
        st.session_state[keys.WANTED] = None
        st.query_params.pop(keys.PICTURE, None)
        st.rerun()


def name_in_link(file: Upload | None) -> None:
    """Write into the address which upload is shown; None for a sample."""
    if file is None:
        st.query_params.pop(keys.PICTURE, None)
    elif st.query_params.get(keys.PICTURE) != (digest := digest_of(file)):
        st.query_params[keys.PICTURE] = digest


def _shown(digest: str) -> str:
    """Return a digest from an address, as far as it can be one."""
    return "".join(letter for letter in digest[:16] if letter.isalnum()) or "unreadable"
