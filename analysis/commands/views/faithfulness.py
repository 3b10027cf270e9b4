"""Export of the deletion and insertion curves of the page Rollout."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from analysis.commands.choices import ClassChoice
from analysis.commands.settings import option, whole_number
from analysis.commands.views.view import BlockView
from analysis.faithfulness.choices import GREEDY_STEPS, GROUPS, ORDERS, RANDOM_ORDERS, REPLACEMENTS, STEPS
from analysis.grouping.methods import METHODS

if TYPE_CHECKING:
    from analysis.faithfulness.measuring import Effort
    from analysis.reports.report import Report

DEFAULT_ORDERS = ("class_rollout", "rollout", "gradient", "random", "greedy")


@dataclass(frozen=True, kw_only=True)
class FaithfulnessView(ClassChoice, BlockView):
    """Remove and insert groups of the picture in the order of their relevance."""

    name: ClassVar[str] = "faithfulness"

    groups: tuple[str, ...] = option(GROUPS, help="what is removed", choices=tuple(METHODS), metavar="NAME")
    orders: tuple[str, ...] = option(DEFAULT_ORDERS, help="which first", choices=tuple(ORDERS), metavar="NAME")
    replacement: str = option("mean", help="put in place of what is removed", choices=tuple(REPLACEMENTS))
    steps: int = option(STEPS, help="of each curve", parse=whole_number, metavar="COUNT")
    random_orders: int = option(RANDOM_ORDERS, help="that make the band", parse=whole_number, metavar="COUNT")
    greedy_steps: int = option(
        GREEDY_STEPS, help="of the greedy order, which takes most of the time", parse=whole_number, metavar="COUNT"
    )

    def report(self) -> "Report":
        """Make what is written."""
        from analysis.commands.subjects import chosen_block, chosen_subject, class_chosen, finite_capture
        from analysis.faithfulness.groups import groups_of
        from analysis.faithfulness.measuring import measure_groups
        from analysis.reports.faithfulness import faithfulness_report

        self._check()
        model, subject = chosen_subject(self)
        cap = finite_capture(model, subject)
        block = chosen_block(self, model)
        target, class_name = class_chosen(model, cap, self.target)
        groups = groups_of(cap[block], subject.picture.shown, self.groups)
        found = measure_groups(
            model, cap, subject.picture.pixels, groups, target, self.orders, self.replacement, self._effort()
        )
        return faithfulness_report(subject, found, block, self.replacement, class_name)

    def _check(self) -> None:
        """Check the numbers.

        Raises:
            ValueError: If a number is too small, or nothing is to be measured.
        """
        counts = {"steps": self.steps, "random-orders": self.random_orders, "greedy-steps": self.greedy_steps}
        for name, value in counts.items():
            if value < 1:
                raise ValueError(f"--{name} must be at least 1, got {value}.")
        if not self.orders or not self.groups:
            raise ValueError("Name at least one of --groups and one of --orders.")

    def _effort(self) -> "Effort":
        from analysis.faithfulness.measuring import Effort

        random = self.random_orders if "random" in self.orders else 0
        return Effort(self.steps, random, self.greedy_steps if "greedy" in self.orders else 0)
