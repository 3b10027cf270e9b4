"""Export of the maps of all heads on the page Explore."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from analysis.attention.kinds import KINDS
from analysis.commands.choices import RegionChoice, TokenChoice, all_or_count, anchor_count
from analysis.commands.settings import option
from analysis.commands.views.redundancy import OF_HEADS
from analysis.commands.views.view import AnyBlockView

if TYPE_CHECKING:
    from analysis.reports.report import Report
    from stvit.capturing.attention_record import AttentionRecord

DEPTH = "depth"
"""The order in which blocks come; every other order is that of a metric."""

OF_MAPS = tuple(name for name, kind in KINDS.items() if name in ("super", "global", "local"))
"""Kinds of attention that are mapped."""


@dataclass(frozen=True, kw_only=True)
class HeadMapsView(RegionChoice, TokenChoice, AnyBlockView):
    """Show the map of every head of every block for one anchor, which is a token of the block that is named."""

    name: ClassVar[str] = "head-maps"

    attention: str = option("super", help="whose maps", choices=OF_MAPS, metavar="NAME")
    incoming: bool = option(False, help="who attends to the anchor, instead of what it attends to")
    order: str = option(
        DEPTH, help="by depth, or by a metric of the heads", choices=(DEPTH, *OF_HEADS), metavar="METRIC"
    )
    rising: bool = option(False, help="the least value first")
    anchors: int | None = option(
        None,
        help="rows that the metric is measured on, one from every region, or all (default)",
        parse=anchor_count,
        write=all_or_count,
        metavar="NUMBER",
    )

    def report(self) -> "Report":
        """Make what is written."""
        from analysis.commands.subjects import any_subject, chosen_block, finite_capture, segments_for
        from analysis.compare.head_maps import head_maps, place_of
        from analysis.figures.ledger_values import head_values
        from analysis.redundancy.ledger import ledger
        from analysis.reports.head_maps import HeadMapsShown, head_maps_report

        model, subject = any_subject(self)
        block = chosen_block(self, model)
        cap = finite_capture(model, subject)
        records: list[AttentionRecord] = [cap[one] for one in cap]
        grid = cap[block].grid
        grid.token(self.row, self.column)
        region = self.chosen_region
        segments = segments_for(region, model, subject)
        place = place_of(grid, self.row, self.column)
        maps = list(head_maps(records, self.attention, place, region, segments, incoming=self.incoming))
        values = None
        if self.order != DEPTH:
            table = ledger(cap, (self.attention,), (self.order,), anchors=self.anchors)
            values = head_values(table, self.order, self.attention)
        shown = HeadMapsShown(maps, self.attention, region, self.incoming, values, self.rising)
        return head_maps_report(subject, cap, shown)
