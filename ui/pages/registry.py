"""The pages as data, in the order of the navigation.

To add a page, write a module with a function that draws it from a view, and add an entry here.
"""

from collections.abc import Iterator
from functools import partial

from ui.ahead import Task
from ui.pages import (
    compare,
    cost,
    dataset,
    explore,
    redundancy,
    rollout,
    snapshots,
    start,
    steps,
    super_tokens,
    what_if,
)
from ui.pages.page import Page
from ui.panels.steps.walk import repair as repair_step
from ui.view.speed import PIXELS_AT_ONCE
from ui.view.view import View

ANSWERING = (
    Page("explore", "Explore", ":material/center_focus_strong:", explore.QUESTION, explore.draw, any_model=True),
    Page("super-tokens", "Super tokens", ":material/hexagon:", super_tokens.QUESTION, super_tokens.draw),
    Page(
        "redundancy",
        "Redundancy",
        ":material/stacked_line_chart:",
        redundancy.QUESTION,
        redundancy.draw,
        any_model=True,
    ),
    Page(
        "dataset",
        "Dataset",
        ":material/photo_library:",
        dataset.QUESTION,
        dataset.draw,
        reads_capture=False,
        any_model=True,
    ),
    Page(
        "compare",
        "Compare",
        ":material/compare:",
        compare.QUESTION,
        compare.draw,
        any_model=True,
        repair=compare.repair,
    ),
    Page("rollout", "Rollout", ":material/account_tree:", rollout.QUESTION, rollout.draw),
    Page("what-if", "What if", ":material/alt_route:", what_if.QUESTION, what_if.draw),
    Page("steps", "Steps", ":material/school:", steps.QUESTION, steps.draw, repair=repair_step),
    Page("cost", "Cost", ":material/speed:", cost.QUESTION, cost.draw, reads_capture=False),
)
"""The pages that each answer a question about picture and model."""

PAGES = (
    Page("start", "Start", ":material/home:", start.QUESTION, partial(start.draw, pages=ANSWERING)),
    *ANSWERING,
    Page(
        "snapshots",
        "Snapshots",
        ":material/inventory_2:",
        snapshots.QUESTION,
        snapshots.draw,
        reads_capture=False,
        any_model=True,
    ),
)
"""The first one opens where the address names none."""

AHEAD = (rollout.ahead, compare.ahead, what_if.ahead, redundancy.ahead)
"""What is worked out while people look at another page, what takes least first; of small pictures only."""


def tasks_ahead(view: View) -> Iterator[Task]:
    """Yield what pages will ask for that somebody may open next."""
    if view.picture.pixels[0, 0].numel() <= PIXELS_AT_ONCE and not view.handle.is_backbone and view.run().finite:
        for of_page in AHEAD:
            yield from of_page(view)
