"""Export of the steps of one token."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from analysis.commands.choices import HeadChoice, TokenChoice
from analysis.commands.views.view import BlockView

if TYPE_CHECKING:
    from analysis.reports.report import Report


@dataclass(frozen=True, kw_only=True)
class Steps(TokenChoice, HeadChoice, BlockView):
    """Follow one token step by step."""

    name: ClassVar[str] = "steps"

    def report(self) -> "Report":
        """Make what is written."""
        from analysis.commands.subjects import chosen_subject, record_of
        from analysis.one_token.contributions import token_output
        from analysis.one_token.steps import token_steps
        from analysis.reports.pictures import steps_report

        model, subject = chosen_subject(self)
        record = record_of(self, model, subject)
        token = record.grid.token(self.row, self.column)
        found = token_steps(record, token, self.head, model.config.num_iters[record.id.stage])
        return steps_report(subject, record, found, token_output(record, token), self.head)
