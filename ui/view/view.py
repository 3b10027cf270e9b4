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
        model: On the CPU, in evaluation mode, shared by all sessions, never changed.
        digest: Short hash of its settings and weights, for cache keys.
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
        device: Where the model ran; the capture is on the CPU.
    """

    picture: PreparedImage
    handle: ModelHandle
    capture: Capture
    replay_error: float
    size: int
    framing: Framing
    device: str = "cpu"

    @property
    def key(self) -> str:
        """A name for all that changes what is seen, for cache keys."""
        source = self.picture.source  # its name, too: the same file may have another one in another session
        return f"{self.handle.digest}-{source.sha256}-{source.name}-{self.picture.framing}-{self.device}"


def set_view(view: View) -> None:
    """Make a view the one that the pages of this session show."""
    st.session_state[_KEY] = view


def current_view() -> View:
    """Return the view of this session; the sidebar has set it before any page runs."""
    view: View = st.session_state[_KEY]
    return view
