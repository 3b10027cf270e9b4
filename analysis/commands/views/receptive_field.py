"""Export of the receptive fields of the page Rollout."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from analysis.commands.views.view import AnyPictureView

if TYPE_CHECKING:
    from analysis.reports.report import Report


@dataclass(frozen=True, kw_only=True)
class ReceptiveFieldView(AnyPictureView):
    """Measure the effective receptive field of every block, beside its rollout footprint where there is one."""

    name: ClassVar[str] = "receptive-field"

    def report(self) -> "Report":
        """Make what is written."""
        from analysis.commands.subjects import any_subject, finite_capture
        from analysis.faithfulness.receptive_field import fields_of
        from analysis.reports.faithfulness import fields_report

        model, subject = any_subject(self)
        return fields_report(subject, fields_of(model, finite_capture(model, subject), subject.picture.pixels))
