"""What every page looks at: one picture through one model."""

from dataclasses import dataclass
from typing import Literal

import streamlit as st

from stvit import Capture, STViT
from stvit.images import PreparedImage

Framing = Literal["crop", "whole"]

_KEY = "view"


@dataclass(frozen=True)
class ModelHandle:
    """A model and where its weights come from.

    Attributes:
        model: In evaluation mode, shared by all sessions, never changed.
        digest: Short hash of its weights, for cache keys.
        title: What people call it.
        trained: False for random weights.
        options: How the command lines name it.
    """

    model: STViT
    digest: str
    title: str
    trained: bool
    options: tuple[str, str]


@dataclass(frozen=True)
class View:
    """One picture through one model.

    Attributes:
        picture: The picture as the model sees it.
        handle: The model.
        capture: What happened inside.
        replay_error: Largest |replayed - actual| over all blocks.
        size: Resolution asked for, in px.
        framing: "crop" or "whole".
    """

    picture: PreparedImage
    handle: ModelHandle
    capture: Capture
    replay_error: float
    size: int
    framing: Framing

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
