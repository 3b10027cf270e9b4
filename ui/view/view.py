"""What every page shows: one picture through one model."""

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Literal

from stvit import Capture, STViT
from stvit.images import PreparedImage, RGBImage

Framing = Literal["crop", "whole"]


@dataclass(frozen=True)
class ModelHandle:
    """A model and where its weights come from.

    Attributes:
        model: On the CPU, in evaluation mode, shared by all sessions, never changed.
        digest: Short hash of its settings and weights, for cache keys.
        title: Its name for users.
        trained: False for random weights.
        options: How the command lines name it.
        notes: Sentences about what was loaded from a weights file, such as whether raw or averaged weights.
    """

    model: STViT
    digest: str
    title: str
    trained: bool
    options: tuple[str, str]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Picture:
    """A picture that can be decoded at any time; sessions keep this and no pixels.

    Attributes:
        name: File name, or name of the sample.
        sha256: Hexadecimal digest of the file's bytes.
        read: Decodes it.
    """

    name: str
    sha256: str
    read: Callable[[], RGBImage]


@dataclass(frozen=True)
class Run:
    """The result of running a model.

    Attributes:
        picture: The picture as the model sees it.
        capture: What happened inside, on the CPU.
        replay_error: Largest |replayed - actual| over all blocks.
        finite: Whether every output is a finite number.
    """

    picture: PreparedImage
    capture: Capture
    replay_error: float
    finite: bool


@dataclass(frozen=True)
class View:
    """One picture through one model.

    It holds no large arrays: what sessions and callbacks keep of it costs next to nothing, and the run is made again
    if the server had to drop it.

    Attributes:
        handle: The model.
        size: Resolution asked for, in px.
        framing: "crop" or "whole".
        device: Where the model runs; the capture is on the CPU.
        key: A key made of everything that changes what is seen, for cache keys.
        run: Returns the run, kept or made again.
    """

    handle: ModelHandle
    size: int
    framing: Framing
    device: str
    key: str
    run: Callable[[], Run]

    @property
    def picture(self) -> PreparedImage:
        """The picture as the model sees it."""
        return self.run().picture

    @property
    def capture(self) -> Capture:
        """What happened inside all blocks that have attention; all pages are about these."""
        return self.run().capture.with_attention()


BY_KEY: dict[str | type, Callable[..., object]] = {View: attrgetter("key"), ModelHandle: attrgetter("digest")}
"""How Streamlit's caches tell views and models apart: its own hashing samples large arrays and may confuse two."""
