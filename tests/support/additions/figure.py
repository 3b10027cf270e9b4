"""A figure: the super tokens of one block in their mean colours."""

from dataclasses import dataclass
from typing import ClassVar

from analysis.commands.registry import VIEWS
from analysis.commands.views.view import BlockView


@dataclass(frozen=True, kw_only=True)
class MeanColours(BlockView):
    """Paint each super token in its mean colour."""

    name: ClassVar[str] = "mean-colours"

    def report(self):
        import pandas as pd

        from analysis.commands.subjects import chosen_subject, record_of
        from analysis.figures.canvas import Canvas
        from analysis.figures.paper.groupings import grouping_figure
        from analysis.reports.report import Report

        model, subject = chosen_subject(self)
        record = record_of(self, model, subject)
        labels = record.labels()[0].numpy()
        canvas = Canvas(subject.picture.shown, record.id.stride, caption=subject.caption(record.id.caption))
        return Report(
            lambda: grouping_figure(canvas, [("Super tokens", labels)], "means"),
            lambda: pd.DataFrame({"label": labels.ravel()}),
            lambda: {"labels": labels},
        )


VIEWS["mean-colours"] = "tests.support.additions.figure:MeanColours"
