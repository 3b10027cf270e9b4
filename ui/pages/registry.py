"""The pages as data, in the order of the navigation.

To add a page, write a module with a function that draws it from a view, and add an entry here.
"""

from functools import partial

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
