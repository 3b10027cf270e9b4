"""Export of the table of all changes on the page What if."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from analysis.commands.views.view import PictureView

if TYPE_CHECKING:
    from analysis.reports.report import Report


@dataclass(frozen=True, kw_only=True)
class TrialsView(PictureView):
    """Run the model with every other association and compare the predictions."""

    name: ClassVar[str] = "what-if-all"

    def report(self) -> "Report":
        """Make what is written."""
        from analysis.commands.subjects import chosen_subject, finite_capture
        from analysis.reports.trials import trials_report
        from analysis.trials import class_names_of, try_changes

        model, subject = chosen_subject(self)
        finite_capture(model, subject)
        trials = try_changes(model, subject.picture.shown, subject.picture.pixels)
        return trials_report(subject, trials, class_names_of(model))
