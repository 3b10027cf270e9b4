"""Export of the page What if."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from analysis.commands.settings import option
from analysis.commands.views.groupings import DRAWINGS
from analysis.commands.views.view import BlockView

if TYPE_CHECKING:
    from analysis.reports.report import Report

VARIANTS = ("grid", "slic", "felzenszwalb", "masked", "hard", *(f"iterations_{count}" for count in range(6)))


@dataclass(frozen=True, kw_only=True)
class WhatIf(BlockView):
    """Run the model with another association."""

    name: ClassVar[str] = "what-if"

    variant: str = option("grid", help="put in place of the learned association", choices=VARIANTS, metavar="NAME")
    drawing: str = option("boundaries", help="how groups are drawn", choices=DRAWINGS)

    def report(self) -> "Report":
        """Make what is written."""
        from analysis.commands.subjects import chosen_block, chosen_subject, finite_capture
        from analysis.counterfactual import standard_variants
        from analysis.outcome import outcome_of
        from analysis.reports.pictures import change_report

        model, subject = chosen_subject(self)
        block = chosen_block(self, model)
        learned = finite_capture(model, subject)
        variant = standard_variants(subject.picture.shown)[self.variant]
        outcome = outcome_of(self.variant, variant, learned, variant.run(model, subject.picture.pixels))
        return change_report(subject, learned[block], outcome, self.drawing)
