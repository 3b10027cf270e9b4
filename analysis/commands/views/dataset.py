"""Export of the page Dataset."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from analysis.attention.kinds import KINDS
from analysis.commands.choices import BlockChoice
from analysis.commands.settings import option, path
from analysis.commands.views.view import View
from analysis.redundancy.catalogue import CATALOGUE
from analysis.redundancy.groups import FIRST

if TYPE_CHECKING:
    from analysis.reports.report import Report


@dataclass(frozen=True, kw_only=True)
class Dataset(BlockChoice, View):
    """Show one metric over the pictures of a sweep."""

    name: ClassVar[str] = "dataset"

    sweep: Path = option(help="folder of a sweep", flag="", parse=path, metavar="DIR")
    against: Path | None = option(None, help="folder of another sweep of the same pictures", parse=path, metavar="DIR")
    metric: str = option(FIRST[0], help="which metric", choices=tuple(CATALOGUE), metavar="NAME")
    attention: str = option("super", help="whose correlations and classes", choices=tuple(KINDS), metavar="NAME")

    def report(self) -> "Report":
        """Make what is written.

        Raises:
            ValueError: If the sweep has no such block, or the sweeps no picture in common.
            FileNotFoundError: If a folder holds no complete sweep.
        """
        from analysis.reports.dataset import dataset_report
        from analysis.sweeps.one_block import Place, blocks_of
        from analysis.sweeps.reading import open_sweep
        from stvit import BlockId

        sweep = open_sweep(self.sweep)
        if (self.stage, self.block) not in blocks_of(sweep):
            raise ValueError(
                f"This sweep has no {BlockId(self.stage, self.block).caption}; choose a block of its model."
            )
        other = None if self.against is None else open_sweep(self.against)
        return dataset_report(sweep, other, Place(self.metric, self.stage, self.block), self.attention)
