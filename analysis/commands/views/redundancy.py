"""Export of the page Redundancy."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from analysis.attention.kinds import KINDS
from analysis.commands.choices import HeadChoice
from analysis.commands.settings import option
from analysis.commands.views.view import AnyBlockView
from analysis.redundancy.catalogue import CATALOGUE

if TYPE_CHECKING:
    from analysis.reports.report import Report
    from stvit.capturing.attention_record import AttentionRecord

OF_HEADS = tuple(name for name, metric in CATALOGUE.items() if metric.scope != "block")


@dataclass(frozen=True, kw_only=True)
class Redundancy(HeadChoice, AnyBlockView):
    """Measure every block and head."""

    name: ClassVar[str] = "redundancy"

    attentions: tuple[str, ...] = option(
        ("super", "global"), help="kinds of attention", choices=tuple(KINDS), metavar="NAME", required=True
    )
    metrics: tuple[str, ...] = option(
        ("entropy", "distance"),
        help="to draw against depth (the numbers hold all)",
        choices=tuple(CATALOGUE),
        metavar="NAME",
    )
    matrix_metric: str = option("entropy", help="to draw for every head", choices=OF_HEADS, metavar="NAME")
    matrix_attention: str = option("super", help="whose heads", choices=tuple(KINDS), metavar="NAME")

    def report(self) -> "Report":
        """Make what is written."""
        from analysis.commands.subjects import any_subject, chosen_block, finite_capture
        from analysis.redundancy.ledger import ledger
        from analysis.reports.charts import Matrix, of_head, redundancy_report, token_values

        if self.matrix_attention not in self.attentions:
            raise ValueError(
                f"The matrix is of {self.matrix_attention!r}, which --attentions does not measure; add it."
            )
        model, subject = any_subject(self)
        block = chosen_block(self, model)
        cap = finite_capture(model, subject)
        table = ledger(cap, self.attentions, image_names=[subject.picture.source.name])
        record: AttentionRecord = cap[block]
        values = token_values(record, self.matrix_attention, self.matrix_metric, record.token_pixels)
        mapped = None if values is None else of_head(values, self.head, record)
        matrix = Matrix(self.matrix_metric, self.matrix_attention, record, self.head, mapped)
        return redundancy_report(subject, cap, table, self.metrics, matrix)
