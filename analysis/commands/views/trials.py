"""Export of the table of all changes on the page What if."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from analysis.commands.settings import option, path
from analysis.commands.views.view import PictureView

if TYPE_CHECKING:
    from analysis.reports.report import Report


@dataclass(frozen=True, kw_only=True)
class TrialsView(PictureView):
    """Run the model with every other association and compare the predictions."""

    name: ClassVar[str] = "what-if-all"

    groups: Path | None = option(
        None,
        help="groups of yours as one more change: a label map or an association (PNG, NPZ)",
        parse=path,
        metavar="FILE",
    )

    def report(self) -> "Report":
        """Make what is written."""
        from analysis.commands.subjects import finite_capture, subject_to_change
        from analysis.foreign_change import foreign_change
        from analysis.grouping.foreign import read_groups
        from analysis.reports.trials import trials_report
        from analysis.trials import class_names_of, try_changes

        model, subject = subject_to_change(self)
        learned, own = finite_capture(model, subject), None
        if self.groups is not None:
            groups = read_groups(self.groups.name, self.groups.read_bytes())
            own = foreign_change(groups, subject.picture.framing, learned)
        pixels = subject.picture.pixels
        trials = try_changes(model, subject.picture.shown, pixels, own=own, learned=learned.logits)
        return trials_report(subject, trials, class_names_of(model))
