"""The report of a load, for people and for programs."""

from dataclasses import dataclass, field
from typing import Any

from stvit.error_text import counted


@dataclass(frozen=True)
class LoadReport:
    """What was loaded; nothing was missing or left over, otherwise there would be no report.

    Attributes:
        source: The file or mapping, as a sentence names it.
        variant: Name of the known size that the model is, else None.
        num_classes: Classes of the model.
        tensors: Number of tensors copied.
        released_names: Whether the source uses the key names of the released checkpoints.
        dtype: Number type of most tensors in the source, such as "float16".
        constants: Keys ignored because they hold nothing learned.
        class_names: Names of the classes that the source states, else None.
        settings: Settings that differ between the source and the model although the shapes agree (cells,
            num_iters): the value in the source and in the model.
        notes: Sentences about what was taken from the source and what was ignored, such as which of raw and
            averaged weights.
        sha256: Digest of the bytes that were loaded, None where they came from no file.
    """

    source: str
    variant: str | None
    num_classes: int
    tensors: int
    released_names: bool
    dtype: str
    constants: tuple[str, ...] = ()
    class_names: tuple[str, ...] | None = None
    settings: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    sha256: str | None = None

    def __str__(self) -> str:
        """Describe the load in one sentence, followed by the notes."""
        names = "released" if self.released_names else "this project's"
        other = "".join(f", {name} {file} replaced by {model}" for name, (file, model) in self.settings.items())
        loaded = (
            f"Loaded {counted(self.tensors, 'tensor')} ({self.dtype}, {names} key names) from {self.source} into "
            f"{self.variant or 'a model of other settings'} with "
            f"{counted(self.num_classes, 'class', 'classes')}{other}."
        )
        return " ".join((loaded, *self.notes))
