"""Export of the page Cost."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from analysis.commands.choices import ModelChoice
from analysis.commands.settings import from_one, option, to_one
from analysis.commands.views.view import View

if TYPE_CHECKING:
    from analysis.reports.report import Report


@dataclass(frozen=True, kw_only=True)
class Cost(ModelChoice, View):
    """Count what one attention block costs, and measure it if asked."""

    name: ClassVar[str] = "cost"

    stage: int = option(0, help="1 or 2", parse=from_one, write=to_one, metavar="NUMBER")
    measure: bool = option(False, help="measure times on this machine too, about half a minute")

    def report(self) -> "Report":
        """Make what is written."""
        from analysis.commands.subjects import chosen_model
        from analysis.cost import COST_SIZES, cost_table, time_table
        from analysis.reports.charts import cost_report

        if self.stage not in (0, 1):
            raise ValueError(
                f"Super tokens exist in stages 1 and 2, so these have a cost to compare; got {self.stage + 1}."
            )
        model, title = chosen_model(self)
        measured = time_table(model.config, self.stage) if self.measure else None
        return cost_report(title, self.stage, cost_table(model.config, COST_SIZES, (self.stage,)), measured)
