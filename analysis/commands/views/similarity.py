"""Export of the matrices of the page Redundancy."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from analysis.attention.kinds import KINDS
from analysis.commands.settings import option
from analysis.commands.views.view import AnyBlockView

if TYPE_CHECKING:
    from analysis.reports.report import Report


@dataclass(frozen=True, kw_only=True)
class SimilarityView(AnyBlockView):
    """Compare all blocks by CKA, and the heads of one block pair by pair."""

    name: ClassVar[str] = "similarity"

    attention: str = option("super", help="whose heads are compared", choices=tuple(KINDS), metavar="NAME")
    quantity: str = option("cosine", help="of two heads", choices=("cosine", "divergence"))
    other: str | None = option(
        None, help="a second model of the manifest, whose blocks are the columns", metavar="NAME"
    )

    def report(self) -> "Report":
        """Make what is written."""
        from analysis.commands.subjects import any_subject, chosen_block, finite_capture
        from analysis.reports.similarity import cka_chart, pairs_chart, similarity_report
        from stvit import capture, load_pretrained

        model, subject = any_subject(self)
        block = chosen_block(self, model)
        cap = finite_capture(model, subject)
        if self.other is None:
            blocks = cka_chart(cap)
        else:
            others = capture(load_pretrained(self.other), subject.picture.pixels)
            blocks = cka_chart(cap, others, (subject.model, self.other))
        return similarity_report(subject, [blocks, pairs_chart(cap[block], self.attention, self.quantity)])
