"""What every page shows: one picture through one model."""

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Literal

from analysis.backbones import Backbone, BackboneCapture
from stvit import Capture, STViT
from stvit.images import PreparedImage, RGBImage
from ui.view.devices import can_measure

Framing = Literal["crop", "whole", "own"]
"""How a picture is laid before the model; "own" is as a backbone's preprocessor file says."""


class NotAnSTViTError(ValueError):
    """A page asked for what only an STViT has."""

    def __init__(self, title: str) -> None:
        super().__init__(
            f"This page reads what only an STViT has, and {title} is none; Explore, Redundancy and Compare show it."
        )


@dataclass(frozen=True)
class ModelHandle:
    """A model and where its weights come from.

    Attributes:
        network: An STViT or a backbone, on the CPU, in evaluation mode, shared by all sessions, never changed.
        digest: Short hash of its settings and weights, for cache keys.
        title: Its name for users.
        trained: False for random weights.
        options: How the command lines name it.
        notes: Sentences about what was loaded from a weights file, such as whether raw or averaged weights.
        precision: Type of its weights and activations.
        in_single: The same model in float32, of which this one is a copy in half precision; None if it is no copy.
    """

    network: STViT | Backbone
    digest: str
    title: str
    trained: bool
    options: tuple[str, str]
    notes: tuple[str, ...] = ()
    precision: str = "float32"
    in_single: "ModelHandle | None" = None

    @property
    def is_backbone(self) -> bool:
        """Whether it is a model of the transformers library."""
        return isinstance(self.network, Backbone)

    @property
    def model(self) -> STViT:
        """The STViT.

        Raises:
            NotAnSTViTError: If it is a backbone.
        """
        if not isinstance(self.network, STViT):
            raise NotAnSTViTError(self.title)
        return self.network

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes of the logits, if they are known."""
        return tuple(self.network.class_names or ())


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
        as_run: The same where the model ran.
        finite: Whether every output is a finite number.
    """

    picture: PreparedImage
    capture: Capture | BackboneCapture
    as_run: Capture | BackboneCapture
    finite: bool


@dataclass(frozen=True)
class View:
    """One picture through one model.

    It holds no large arrays: what sessions and callbacks keep of it costs next to nothing, and the run is made again
    if the server had to drop it.

    Attributes:
        handle: The model.
        size: Resolution asked for, in px; None for that of a backbone's own file.
        framing: How the picture is laid before the model.
        device: Where the model runs; the capture is on the CPU, but for `measured` and the run's `as_run`.
        key: A key made of everything that changes what is seen, for cache keys.
        run: Returns the run, kept or made again.
    """

    handle: ModelHandle
    size: int | None
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
        """What happened inside all blocks of an STViT that have attention; most pages are about these.

        Raises:
            NotAnSTViTError: If the model is a backbone.
        """
        return self.all_blocks.with_attention()

    @property
    def all_blocks(self) -> Capture:
        """What happened inside all blocks of an STViT, those that convolve included.

        Raises:
            NotAnSTViTError: If the model is a backbone.
        """
        found = self.run().capture
        if not isinstance(found, Capture):
            raise NotAnSTViTError(self.handle.title)
        return found

    @property
    def records(self) -> Capture | BackboneCapture:
        """What happened inside all blocks that have attention, of an STViT or of a backbone."""
        return self.run().capture.with_attention()

    @property
    def measured(self) -> Capture | BackboneCapture:
        """The same blocks for the ledger, on the device of the model where that can measure, else on the CPU."""
        run = self.run()
        return (run.as_run if can_measure(run.as_run.logits.device) else run.capture).with_attention()


BY_KEY: dict[str | type, Callable[..., object]] = {View: attrgetter("key"), ModelHandle: attrgetter("digest")}
"""How Streamlit's caches tell views and models apart: its own hashing samples large arrays and may confuse two."""
