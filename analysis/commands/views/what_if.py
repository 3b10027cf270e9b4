"""Export of the page What if."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from analysis.changes import CHANGES
from analysis.commands.settings import option, path, whole_number
from analysis.commands.views.view import BlockView
from analysis.grouping.choices import DRAWINGS

if TYPE_CHECKING:
    from analysis.reports.report import Report


@dataclass(frozen=True, kw_only=True)
class WhatIf(BlockView):
    """Run the model with another association."""

    name: ClassVar[str] = "what-if"

    variant: str | None = option(
        "grid", help="put in place of the learned association", choices=tuple(CHANGES), metavar="NAME", group="change"
    )
    groups: Path | None = option(
        None,
        help="groups of yours instead: a label map or an association (PNG, NPZ)",
        parse=path,
        metavar="FILE",
        group="change",
    )
    iterations: int | None = option(
        None, help="of the sampling, for the variant iterations", parse=whole_number, metavar="COUNT"
    )
    drawing: str = option("boundaries", help="how groups are drawn", choices=tuple(DRAWINGS))

    def report(self) -> "Report":
        """Make what is written."""
        from analysis.commands.subjects import chosen_block, finite_capture, subject_to_change
        from analysis.counterfactual import outcome_of
        from analysis.foreign_change import foreign_change
        from analysis.grouping.foreign import read_groups
        from analysis.reports.pictures import change_report

        model, subject = subject_to_change(self)
        block = chosen_block(self, model)
        learned = finite_capture(model, subject)
        if self.groups is None:
            change = CHANGES[self.variant or "grid"]
        else:
            groups = read_groups(self.groups.name, self.groups.read_bytes())
            change = foreign_change(groups, subject.picture.framing, learned)
        variant = change.variant(subject.picture.shown, self.iterations)
        outcome = outcome_of(variant, learned, variant.run(model, subject.picture.pixels))
        return change_report(subject, learned[block], outcome, self.drawing)
