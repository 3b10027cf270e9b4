"""What every view has: options that name what is shown, and a report made from them."""

import shlex
from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from analysis.commands.choices import AnyModelChoice, BlockChoice, InputChoice, ModelChoice, PictureChoice
from analysis.commands.settings import Settings, option, options_of, path

if TYPE_CHECKING:
    from analysis.reports.report import Report


@dataclass(frozen=True, kw_only=True)
class View(Settings):
    """What a page shows, as files; its docstring is the help.

    The settings say all that the files depend on, so the parser of the command and the command that a page prints
    both follow from them. `report` imports what it needs itself: help and usage errors come without torch.

    Attributes:
        name: What the command calls it, a key of `analysis.commands.registry.VIEWS`.
    """

    name: ClassVar[str]

    @abstractmethod
    def report(self) -> "Report":
        """Make what is written.

        Raises:
            ValueError: If these settings cannot be shown.
            LookupError: If there is no such model, token or head.
            OSError: If a file cannot be read.
        """

    def inputs(self) -> list[Path]:
        """Return the files that are read, which must not be overwritten."""
        values = (getattr(self, entry.name) for entry, _ in options_of(type(self)))
        return [value for value in values if isinstance(value, Path)]

    def command(self, out: str) -> str:
        """Return the command line that writes these files again, for a shell."""
        return shlex.join(["python", "-m", "analysis", "export", self.name, *self.words(), "--out", out])


@dataclass(frozen=True, kw_only=True)
class Target(Settings):
    """Where a view is written to."""

    out: Path = option(help="file to write: png, svg, pdf, csv or npz", parse=path, metavar="FILE")


@dataclass(frozen=True, kw_only=True)
class PictureView(InputChoice, ModelChoice, PictureChoice, View):
    """A view of one picture through one model."""


@dataclass(frozen=True, kw_only=True)
class BlockView(BlockChoice, PictureView):
    """A view of one block."""


@dataclass(frozen=True, kw_only=True)
class AnyPictureView(AnyModelChoice, PictureView):
    """A view of one picture through an STViT or a backbone."""


@dataclass(frozen=True, kw_only=True)
class AnyBlockView(AnyPictureView, BlockView):
    """A view of one block, of an STViT or of a backbone."""
