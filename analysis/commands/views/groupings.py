"""Export of the page Super tokens."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

from analysis.commands.settings import option, whole_number
from analysis.commands.views.view import BlockView

if TYPE_CHECKING:
    from analysis.grouping.methods import Resolution
    from analysis.reports.report import Report

METHODS = ("grid", "super", "slic", "felzenszwalb", "soft_kmeans")
DRAWINGS = ("boundaries", "means", "labels")
RESOLUTIONS = ("token", "pixel")


@dataclass(frozen=True, kw_only=True)
class Groupings(BlockView):
    """Group the picture in several ways at equal count."""

    name: ClassVar[str] = "groupings"

    methods: tuple[str, ...] = option(
        ("grid", "super", "slic"), help="ways to group", choices=METHODS, metavar="NAME", required=True
    )
    on: str = option("token", help="what the classical methods see", choices=RESOLUTIONS)
    iterations: int | None = option(
        None, help="of the learned sampling (default: the model's own)", parse=whole_number, metavar="COUNT"
    )
    drawing: str = option("boundaries", help="how groups are drawn", choices=DRAWINGS)

    def report(self) -> "Report":
        """Make what is written."""
        from analysis.commands.subjects import chosen_subject, record_with_super_tokens
        from analysis.grouping.methods import METHODS, Grouping, classical_labels, learned_grouping
        from analysis.reports.pictures import groupings_report

        model, subject = chosen_subject(self)
        record = record_with_super_tokens(self, model, subject)
        own = model.config.num_iters[record.id.stage]
        iterations = own if self.iterations is None else self.iterations
        on = cast("Resolution", self.on)
        found = [
            learned_grouping(record, iterations, own)
            if method == "super"
            else Grouping(method, METHODS[method], classical_labels(method, subject.picture.shown, record.grid, on))
            for method in self.methods
        ]
        return groupings_report(subject, record, found, iterations, on, self.drawing)
