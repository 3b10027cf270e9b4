"""What every worker of a sweep is told, and what it reports back."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from analysis.any_model import AnyModel
from analysis.sweeps.items import Item
from analysis.sweeps.remote import Place
from stvit import __version__


@dataclass(frozen=True, kw_only=True)
class SweepSettings:
    """Everything a picture's numbers depend on besides the picture and the model; tables are named after all of it.

    Attributes:
        attentions: Kinds of attention.
        metrics: Names of metrics.
        anchors: Rows of each attention that are measured; None for all.
        size: Short side of the picture before the model, in px; None is what a backbone was made for.
        framing: "crop" or "whole".
    """

    attentions: tuple[str, ...]
    metrics: tuple[str, ...]
    anchors: int | None
    size: int | None
    framing: str


@dataclass(frozen=True, kw_only=True)
class Job:
    """What every worker is told; it can be pickled.

    Attributes:
        load: Loads the model.
        digest: Digest of the weights it must load.
        settings: What to measure.
        folder: Where the tables go.
        threads: Threads that PyTorch may use in each worker; None leaves the number as it is.
    """

    load: Callable[[], AnyModel]
    digest: str
    settings: SweepSettings
    folder: Place
    threads: int | None = 1

    @property
    def key(self) -> str:
        """Everything that a table depends on apart from the picture."""
        return f"{__version__} {self.digest} {self.settings!r}"


@dataclass(frozen=True, slots=True)
class Report:
    """The result of one picture.

    Attributes:
        name: Of the item.
        digest: Sha256 of the bytes that have a table; empty if there is none.
        before: Whether the table already existed.
        error: Why there is no table.
    """

    name: str
    digest: str = ""
    before: bool = False
    error: str = ""


class SweepError(RuntimeError):
    """Why a whole sweep has to end, in one sentence: a full disk, weights that changed, workers that cannot start."""


def batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Yield the pictures in batches, the same ones in every run and on every engine.

    A batch is measured as a whole even if some of its tables are there, so that resuming gives the same numbers down to
    the last bit: they depend slightly on how many pictures go through a model together.
    """
    for start in range(0, len(items), size):
        yield items[start : start + size]
