"""Export of the released figure script's picture beside what a block computes."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from analysis.commands.choices import HeadChoice, TokenChoice
from analysis.commands.views.view import BlockView

if TYPE_CHECKING:
    from analysis.reports.report import Report


@dataclass(frozen=True, kw_only=True)
class FigureScript(TokenChoice, HeadChoice, BlockView):
    """Show one token as the released figure script draws it, beside what the block computes."""

    name: ClassVar[str] = "figure-script"

    def report(self) -> "Report":
        """Make what is written."""
        from analysis.commands.subjects import chosen_subject, record_with_super_tokens
        from analysis.one_token.figure_script import script_maps
        from analysis.reports.pictures import anchor_report

        model, subject = chosen_subject(self)
        record = record_with_super_tokens(self, model, subject)
        token = record.grid.token(self.row, self.column)
        return anchor_report(subject, record, list(script_maps(record, token, self.head)), token, self.head)
