"""Export of the matrices of the page Redundancy."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from analysis.attention.kinds import KINDS
from analysis.commands.model_names import HELP, model_choice
from analysis.commands.settings import option
from analysis.commands.views.view import AnyBlockView

if TYPE_CHECKING:
    from analysis.reports.report import Report
    from analysis.reports.similarity import Records


@dataclass(frozen=True, kw_only=True)
class SimilarityView(AnyBlockView):
    """Compare all blocks by CKA, those of two models too, and the heads of one block pair by pair."""

    name: ClassVar[str] = "similarity"

    attention: str = option("super", help="whose heads are compared", choices=tuple(KINDS), metavar="NAME")
    quantity: str = option("cosine", help="of two heads", choices=("cosine", "divergence"))
    other: str | None = option(
        None, help=f"a second model, whose blocks are the columns: {HELP}; heads are left out", metavar="MODEL"
    )

    def inputs(self) -> list[Path]:
        """Return the files that are read, weights of the second model included."""
        weights = None if self.other is None else model_choice(self.other).weights
        return [*super().inputs(), *([] if weights is None else [weights])]

    def report(self) -> "Report":
        """Make what is written."""
        from analysis.commands.subjects import any_subject, chosen_block, finite_capture
        from analysis.reports.similarity import cka_chart, pairs_chart, similarity_report

        model, subject = any_subject(self)
        block = chosen_block(self, model)
        cap = finite_capture(model, subject)
        if self.other is None:
            charts = [cka_chart(cap), pairs_chart(cap[block], self.attention, self.quantity)]
        else:
            charts = [cka_chart(cap, *self._other_run(self.other, subject.model))]
        return similarity_report(subject, charts)

    def _other_run(self, word: str, first: str) -> "tuple[Records, list[str]]":
        """Run the second model on the same picture; return its records and the titles of both models."""
        from analysis.any_model import prepared
        from analysis.commands.subjects import chosen_any_model, chosen_picture, finite_of
        from analysis.compare.side import distinct_titles

        other, title = chosen_any_model(model_choice(word))
        seen, _ = prepared(other, chosen_picture(self.image, self.sample), self.size, self.framing)
        return finite_of(other, seen.pixels), distinct_titles([first, title])
