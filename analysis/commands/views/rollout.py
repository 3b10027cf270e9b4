"""Export of the page Rollout."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from analysis.commands.settings import from_one, option, to_one, whole_number
from analysis.commands.views.view import PictureView

if TYPE_CHECKING:
    from analysis.reports.report import Report
    from stvit import BlockRecord, Capture, STViT


@dataclass(frozen=True, kw_only=True)
class RollOut(PictureView):
    """Roll attention out from a token, or from the pooled output if none is named."""

    name: ClassVar[str] = "rollout"

    stage: int | None = option(None, help="of the token, from 1", parse=from_one, write=to_one, metavar="NUMBER")
    block: int | None = option(None, help="of the token, from 1", parse=from_one, write=to_one, metavar="NUMBER")
    row: int | None = option(None, help="of the token, from 0", parse=whole_number, metavar="NUMBER")
    column: int | None = option(None, help="of the token, from 0", parse=whole_number, metavar="NUMBER")
    target: int | None = option(
        None, help="weigh by a class, counted from 0", flag="--class", parse=whole_number, metavar="NUMBER"
    )
    no_convolutions: bool = option(False, help="let convolutions inside blocks pass straight")

    def report(self) -> "Report":
        """Make what is written."""
        from analysis.commands.subjects import chosen_subject, finite_capture
        from analysis.relevance.class_gradient import class_gradients
        from analysis.relevance.footprint import Footprints
        from analysis.relevance.rollout import rollout
        from analysis.reports.pictures import rollout_options, rollout_report

        anchor = self._anchor()
        model, subject = chosen_subject(self)
        cap = finite_capture(model, subject)
        source = self._source(model, cap)
        token = None if anchor is None else source.grid.token(*anchor)
        footprints = Footprints.of(model)
        used = footprints.without_depthwise() if self.no_convolutions else footprints
        weights = None if self.target is None else class_gradients(model, subject.picture.pixels, self.target)
        found = rollout(cap, used, source.id, token, weights=weights)
        return rollout_report(subject, found, source, anchor, rollout_options(self.target, not self.no_convolutions))

    def _anchor(self) -> tuple[int, int] | None:
        """Return row and column of the token that one starts from, None for the pooled output.

        Raises:
            ValueError: If only the row or only the column of a token is named, which would otherwise be ignored.
        """
        if self.row is not None and self.column is not None:
            return self.row, self.column
        if any(part is not None for part in (self.row, self.column, self.stage, self.block)):
            raise ValueError(
                "A rollout starts from a token, named by --row and --column, or from the pooled output, "
                "for which --stage, --block, --row and --column are all left out."
            )
        return None

    def _source(self, model: "STViT", cap: "Capture") -> "BlockRecord":
        from analysis.commands.subjects import existing_block

        if self._anchor() is None:
            return list(cap.values())[-1]
        return cap[existing_block(model, self.stage or 0, self.block or 0)]
