"""Export of the page Redundancy."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from analysis.attention.kinds import KINDS
from analysis.commands.choices import DEFAULT_MODEL, HeadChoice, all_or_count, anchor_count
from analysis.commands.settings import option
from analysis.commands.views.view import AnyBlockView
from analysis.redundancy.catalogue import CATALOGUE
from analysis.redundancy.groups import FIRST

if TYPE_CHECKING:
    from analysis.reports.report import Report
    from stvit.capturing.attention_record import AttentionRecord

COLOURS = ("stage", "all")
"""What the colours of the matrix compare: the heads of each stage, or all."""

OF_HEADS = tuple(name for name, metric in CATALOGUE.items() if metric.scope != "block")


@dataclass(frozen=True, kw_only=True)
class Redundancy(HeadChoice, AnyBlockView):
    """Measure every block and head."""

    name: ClassVar[str] = "redundancy"

    attentions: tuple[str, ...] = option(
        ("super", "global"), help="kinds of attention", choices=tuple(KINDS), metavar="NAME", required=True
    )
    metrics: tuple[str, ...] = option(
        FIRST, help="to draw against depth (the numbers hold all)", choices=tuple(CATALOGUE), metavar="NAME"
    )
    matrix_metric: str = option(FIRST[0], help="to draw for every head", choices=OF_HEADS, metavar="NAME")
    matrix_attention: str = option("super", help="whose heads", choices=tuple(KINDS), metavar="NAME")
    matrix_colours: str = option(
        "stage", help="from the least to the greatest value of each stage, or of all", choices=COLOURS
    )
    anchors: int | None = option(
        None,
        help="rows of each attention, one from every region, or all (default)",
        parse=anchor_count,
        write=all_or_count,
        metavar="NUMBER",
    )
    no_map: bool = option(False, help="leave out the map of tokens, which reads every row of a block")
    bands: str | None = option(
        None, help="draw where 90 %% of many pictures lie: reference, or the folder of a sweep", metavar="DIR"
    )

    def report(self) -> "Report":
        """Make what is written."""
        from analysis.commands.subjects import any_subject, chosen_block, finite_capture
        from analysis.redundancy.ledger import ledger
        from analysis.reports.charts import Matrix, of_head, redundancy_report, token_values
        from analysis.sweeps.bands import named_bands

        if self.matrix_attention not in self.attentions:
            raise ValueError(
                f"The matrix is of {self.matrix_attention!r}, which --attentions does not measure; add it."
            )
        model, subject = any_subject(self)
        bands = None if self.bands is None else named_bands(self.bands, self.manifest_name)
        block = chosen_block(self, model)
        cap = finite_capture(model, subject)
        table = ledger(cap, self.attentions, image_names=[subject.picture.source.name], anchors=self.anchors)
        record: AttentionRecord = cap[block]
        mapped = None
        if not self.no_map:
            values = token_values(record, self.matrix_attention, self.matrix_metric, record.token_pixels)
            mapped = None if values is None else of_head(values, self.head, record)
        per_stage = self.matrix_colours == COLOURS[0]
        matrix = Matrix(self.matrix_metric, self.matrix_attention, record, self.head, mapped, per_stage)
        return redundancy_report(subject, cap, table, self.metrics, matrix, anchors=self.anchors, bands=bands)

    @property
    def manifest_name(self) -> str | None:
        """Name of the model in the manifest, if it is one of it."""
        others = (self.weights, self.random, self.backbone)
        return None if any(other is not None for other in others) else self.model or DEFAULT_MODEL
