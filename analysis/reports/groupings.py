"""Groupings of one picture as files: side by side, scored, against what people drew, with soft memberships."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from analysis.figures.canvas import Anchor, Canvas, Panel
from analysis.figures.paper.groupings import Beside, grouping_figure
from analysis.grouping.groupings import Grouping, Membership, describe_groupings, grouping_arrays
from analysis.reports.report import Report, Subject
from analysis.superpixels.one_picture import People
from stvit import BlockRecord, TokenGrid
from stvit.error_text import counted
from stvit.foreign_text import plain

LONGEST_FILE_NAME = 60


@dataclass(frozen=True, eq=False)
class Comparison:
    """What is shown of some groupings.

    Attributes:
        found: The groupings.
        drawing: Name in `analysis.grouping.choices.DRAWINGS`.
        people: What people drew, if known: the annotators who count.
        place: Row and column of the token whose groups' soft memberships are shown; None shows none.
    """

    found: Sequence[Grouping]
    drawing: str
    people: People | None = None
    place: tuple[int, int] | None = None

    @property
    def reference(self) -> int:
        """Position of the grouping whose colours the others follow: the learned one if it is there."""
        return next((number for number, grouping in enumerate(self.found) if grouping.kind == "super"), 0)

    def memberships(self, grid: TokenGrid) -> list[Membership]:
        """Return the soft memberships at the place, of each grouping that has a soft association."""
        if self.place is None:
            return []
        row, column = ((index + 0.5) / side for index, side in zip(self.place, (grid.height, grid.width), strict=True))
        found = [grouping.membership(row, column) for grouping in self.found]
        return [one for one in found if one is not None]


def groupings_report(subject: Subject, record: BlockRecord, shown: Comparison, words: Sequence[str]) -> Report:
    """Return groupings and what can be said about them as files.

    Args:
        subject: Picture and model.
        record: The block.
        shown: The groupings and what is shown of them.
        words: Further settings.
    """
    picture, grid = subject.picture.shown, record.grid
    caption = subject.caption(
        record.id.caption, f"{grid.rows} × {grid.columns} super tokens", *words, *_people_words(shown.people)
    )
    anchor = None if shown.place is None else Anchor(*shown.place)
    canvas = Canvas(picture, record.token_pixels, anchor, caption)
    memberships = shown.memberships(grid)
    people = () if shown.people is None else shown.people.maps
    beside = Beside(people, [membership_panel(one, canvas) for one in memberships], shown.reference)
    panels = [(grouping.title, grouping.labels) for grouping in shown.found]
    truth = None if shown.people is None else shown.people.truth

    def arrays() -> dict[str, np.ndarray]:
        drawn = {f"people_{number}": labels for number, labels in enumerate(people)}
        soft = {f"membership_{number}": one.weights for number, one in enumerate(memberships)}
        return {"picture": picture, **grouping_arrays(shown.found), **drawn, **soft}

    return Report(
        partial(grouping_figure, canvas, panels, shown.drawing, beside),
        partial(describe_groupings, shown.found, record, picture, truth),
        arrays,
    )


def membership_panel(membership: Membership, canvas: Canvas) -> Panel:
    """Return the panel of a soft membership over a picture."""
    side = canvas.size[0] // membership.weights.shape[0]
    return Panel(
        f"{membership.title}: group {membership.group}", membership.weights, "weight", pixels=side, maximum=1.0
    )


def _people_words(people: People | None) -> list[str]:
    if people is None:
        return []
    return [f"against {counted(len(people.maps), 'annotator')} of {plain(people.name, limit=LONGEST_FILE_NAME)}"]
