"""What every page looks at: one picture through one model."""

from dataclasses import dataclass

import streamlit as st

from stvit import Capture, STViT
from stvit.images import PreparedImage

_KEY = "view"


@dataclass(frozen=True)
class ModelHandle:
    """A model and where its weights come from.

    Attributes:
        model: In evaluation mode, shared by all sessions, never changed.
        digest: Short hash of its weights, for cache keys.
        title: What people call it.
        trained: False for random weights.
    """

    model: STViT
    digest: str
    title: str
    trained: bool


@dataclass(frozen=True)
class View:
    """One picture through one model.

    Attributes:
        picture: The picture as the model sees it.
        handle: The model.
        capture: What happened inside.
        replay_error: Largest |replayed - actual| over all blocks.
    """

    picture: PreparedImage
    handle: ModelHandle
    capture: Capture
    replay_error: float

    @property
    def key(self) -> str:
        """A name for all that changes what is seen, for cache keys."""
        return f"{self.handle.digest}-{self.picture.source.sha256}-{self.picture.framing}"


def set_view(view: View) -> None:
    """Make a view the one that the pages of this session show."""
    st.session_state[_KEY] = view


def current_view() -> View:
    """Return the view of this session; the sidebar has set it before any page runs."""
    view: View = st.session_state[_KEY]
    return view
