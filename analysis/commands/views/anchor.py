"""Export of the page Explore."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from analysis.commands.choices import HeadChoice, RegionChoice, TokenChoice
from analysis.commands.views.view import AnyBlockView

if TYPE_CHECKING:
    from analysis.reports.report import Report


@dataclass(frozen=True, kw_only=True)
class AnchorView(RegionChoice, TokenChoice, HeadChoice, AnyBlockView):
    """Show what one token, or a region around it, attends to, in every way that can be compared."""

    name: ClassVar[str] = "anchor"

    def report(self) -> "Report":
        """Make what is written."""
        from analysis.commands.subjects import any_record_of, any_subject, segments_for
        from analysis.one_token.anchor import anchor_maps
        from analysis.reports.pictures import anchor_report

        model, subject = any_subject(self)
        record = any_record_of(self, model, subject)
        token = record.grid.token(self.row, self.column)
        region = self.chosen_region
        segments = segments_for(region, model, subject)
        maps = list(anchor_maps(record, self.head, token, region, segments))
        return anchor_report(subject, record, maps, token, self.head, region, segments)
