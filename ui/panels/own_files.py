"""Files of a person's own beside the picture: groups that somebody else made, and what people drew.

What was uploaded stays for the session, also on other pages, until it is removed, and belongs to the picture that was
shown then. A file that cannot be used is one sentence and takes nothing away.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeVar

import streamlit as st

from analysis.grouping.foreign import ForeignGroups, read_groups
from analysis.superpixels.one_picture import People, read_people
from stvit.images import Framing
from ui import keys
from ui.failures import said
from ui.markdown import escaped
from ui.view.view import View

Read = TypeVar("Read")

LARGEST_FILE = 64
"""In MB."""


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes:
        label: Of the upload.
        help: What may be in it.
        types: Endings.
        upload: Key of the upload.
        kept: Key of what is in use.
    """

    label: str
    help: str
    types: Sequence[str]
    upload: str
    kept: str


GROUPS = Kind(
    "Groups of yours",
    "One more method: a label map as PNG or NPZ, as large as the picture, as what the model sees or as the tokens; or "
    "an NPZ with the weight of each group for each token.",
    ("png", "npz"),
    keys.GROUPS_UPLOAD,
    keys.GROUPS_KEPT,
)
PEOPLE = Kind(
    "What people drew",
    "Regions that people drew on this picture: a .mat of BSDS500, a label PNG, or an NPZ of label maps or masks.",
    ("mat", "png", "npz"),
    keys.TRUTH_UPLOAD,
    keys.TRUTH_KEPT,
)


@dataclass(frozen=True)
class OwnFile:
    """A file that was uploaded.

    Attributes:
        name: Its name.
        data: Its bytes.
        picture: Digest of the picture that was shown.
    """

    name: str
    data: bytes
    picture: str

    @property
    def digest(self) -> str:
        """Identifies name and bytes, for cache keys."""
        return sha256(self.name.encode() + b"\0" + self.data).hexdigest()


def choose_groups(view: View) -> ForeignGroups | None:
    """Draw the upload of groups and return those that are in use; nothing if there are none."""
    return _chosen(GROUPS, view, lambda file: _groups(file.digest, file))


def choose_people(view: View) -> People | None:
    """Draw the upload of human segmentations and return what people drew on this picture; nothing if unknown."""
    return _chosen(PEOPLE, view, lambda file: _people(file.digest, view.picture.framing, file))


def _chosen(kind: Kind, view: View, read: Callable[[OwnFile], Read]) -> Read | None:
    """Draw an upload, keep the newest file that can be read, and return what it holds."""
    upload = st.file_uploader(
        kind.label,
        kind.types,
        key=kind.upload,
        max_upload_size=LARGEST_FILE,
        help=kind.help,
        on_change=_forget_if_removed,
        args=(kind,),
    )
    kept: OwnFile | None = st.session_state.get(kind.kept)
    data = None if upload is None else upload.getvalue()
    if upload is None or data is None or (kept is not None and (kept.name, kept.data) == (upload.name, data)):
        return None if kept is None else _again(kind, kept, view, read, listed=upload is not None)
    fresh = OwnFile(upload.name, data, view.picture.source.sha256)
    try:
        found = read(fresh)
    except Exception as error:  # parsers of foreign files fail in any way, and only this file is left out
        rest = f" {escaped(kept.name)} stays in use." if kept else ""
        st.error(f"{said(error, fresh.name)} It is not used.{rest}", icon=":material/error:")
        return None if kept is None else _again(kind, kept, view, read, listed=False)
    st.session_state[kind.kept] = fresh
    return found


def _again(kind: Kind, kept: OwnFile, view: View, read: Callable[[OwnFile], Read], *, listed: bool) -> Read | None:
    """Return what a kept file holds, if it belongs to the picture that is shown.

    Args:
        kind: Of the file.
        kept: The file.
        view: What is shown.
        read: Reads it.
        listed: Whether the upload lists it; if not, a button removes it.
    """
    if not listed:
        st.button(f"Remove {escaped(kept.name)}", key=f"{kind.kept}_remove", on_click=_forget, args=(kind,))
    if kept.picture != view.picture.source.sha256:
        st.info(f"{escaped(kept.name)} came with another picture and is not used for this one.", icon=":material/info:")
        return None
    return read(kept)


def _forget_if_removed(kind: Kind) -> None:
    if st.session_state[kind.upload] is None:
        _forget(kind)


def _forget(kind: Kind) -> None:
    st.session_state.pop(kind.kept, None)


@st.cache_resource(max_entries=8, show_spinner=False)
def _groups(digest: str, _file: OwnFile) -> ForeignGroups:
    return read_groups(_file.name, _file.data)


@st.cache_resource(max_entries=8, show_spinner="Reading what people drew ...")
def _people(digest: str, framing: Framing, _file: OwnFile) -> People:
    return read_people(_file.name, _file.data, framing)
