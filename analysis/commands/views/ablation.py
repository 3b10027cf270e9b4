"""Export of the ablations of the page What if."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

from analysis.commands.choices import ClassChoice
from analysis.commands.settings import option
from analysis.commands.views.view import BlockView
from analysis.faithfulness.choices import HOW, PARTS

if TYPE_CHECKING:
    from analysis.reports.report import Report


@dataclass(frozen=True, kw_only=True)
class AblationView(ClassChoice, BlockView):
    """Take each super token, or each head, of a block out of the model, one by one."""

    name: ClassVar[str] = "ablation"

    part: str = option("super_tokens", help="what is taken out", choices=tuple(PARTS))
    how: str = option("drop", help="drop it, or put the mean in its place", choices=tuple(HOW))

    def report(self) -> "Report":
        """Make what is written."""
        from analysis.commands.subjects import chosen_block, chosen_subject, class_chosen, finite_capture
        from analysis.faithfulness.ablation import How, Part
        from analysis.faithfulness.effects import effects_of_each, parts_of
        from analysis.reports.faithfulness import effects_report

        model, subject = chosen_subject(self)
        cap = finite_capture(model, subject)
        record = cap[chosen_block(self, model)]
        target, class_name = class_chosen(model, cap, self.target)
        part, how = cast("Part", self.part), cast("How", self.how)
        found = effects_of_each(model, subject.picture.pixels, record.id, part, parts_of(record, part), how)
        return effects_report(subject, record, found, target, part, how, class_name)
