"""Export of the page Super tokens."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

from analysis.commands.settings import option, whole_number
from analysis.commands.views.view import BlockView
from analysis.grouping.choices import DRAWINGS, RESOLUTIONS, Resolution
from analysis.grouping.methods import METHODS, chosen_methods

if TYPE_CHECKING:
    from analysis.reports.report import Report


@dataclass(frozen=True, kw_only=True)
class Groupings(BlockView):
    """Group the picture in several ways at equal count."""

    name: ClassVar[str] = "groupings"

    methods: tuple[str, ...] = option(
        ("grid", "super", "slic"), help="ways to group", choices=tuple(METHODS), metavar="NAME", required=True
    )
    on: str = option("token", help="what the classical methods see", choices=RESOLUTIONS)
    iterations: int | None = option(
        None, help="of the learned sampling (default: the model's own)", parse=whole_number, metavar="COUNT"
    )
    drawing: str = option("boundaries", help="how groups are drawn", choices=tuple(DRAWINGS))

    def report(self) -> "Report":
        """Make what is written."""
        from analysis.commands.subjects import chosen_subject, record_with_super_tokens
        from analysis.grouping.groupings import grouping_of
        from analysis.reports.pictures import groupings_report
        from stvit.config_bounds import WHOLE

        low, high = WHOLE["num_iters"]
        if self.iterations is not None and not low <= self.iterations <= high:
            raise ValueError(f"The sampling can have {low} to {high} iterations, got {self.iterations}.")
        model, subject = chosen_subject(self)
        record = record_with_super_tokens(self, model, subject)
        own = model.config.num_iters[record.id.stage]
        iterations = own if self.iterations is None else self.iterations
        on = cast(Resolution, self.on)
        found = [
            grouping_of(method, subject.picture.shown, record, on=on, iterations=iterations, own=own)
            for method in chosen_methods(self.methods)
        ]
        return groupings_report(subject, record, found, iterations, on, self.drawing)
