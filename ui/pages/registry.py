"""The pages as data, in the order of the navigation.

To add a page, write a module with a function that draws it from a view, and add an entry here.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ui.pages import cost, explore, redundancy, rollout, steps, super_tokens, what_if
from ui.view.view import View


@dataclass(frozen=True)
class Page:
    """A page of the app.

    Attributes:
        address: Its name in the address.
        title: Its name for users.
        icon: Streamlit's name for its icon.
        question: What it answers.
        draw: Draws it.
        reads_capture: False if it shows the model alone, and so also works if a run gave no finite numbers.
    """

    address: str
    title: str
    icon: str
    question: str
    draw: Callable[[View], None]
    reads_capture: bool = True


PAGES = (
    Page("explore", "Explore", ":material/center_focus_strong:", explore.QUESTION, explore.draw),
    Page("super-tokens", "Super tokens", ":material/hexagon:", super_tokens.QUESTION, super_tokens.draw),
    Page("redundancy", "Redundancy", ":material/stacked_line_chart:", redundancy.QUESTION, redundancy.draw),
    Page("rollout", "Rollout", ":material/account_tree:", rollout.QUESTION, rollout.draw),
    Page("what-if", "What if", ":material/alt_route:", what_if.QUESTION, what_if.draw),
    Page("steps", "Steps", ":material/school:", steps.QUESTION, steps.draw),
    Page("cost", "Cost", ":material/speed:", cost.QUESTION, cost.draw, reads_capture=False),
)
"""The first one opens where the address names none."""
