"""Export of the page Compare."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from analysis.commands.choices import SAMPLES, InputChoice, PictureChoice
from analysis.commands.model_names import HELP, model_choice
from analysis.commands.settings import number, option, path, whole_number
from analysis.commands.views.view import View
from analysis.redundancy.catalogue import CATALOGUE

if TYPE_CHECKING:
    from analysis.compare.side import Side
    from analysis.reports.report import Report

MOST_SIDES = 3

EXACT = tuple(name for name, metric in CATALOGUE.items() if not metric.is_estimate)
"""Metrics that can be chosen; an estimate stands for its metric."""


@dataclass(frozen=True, kw_only=True)
class Compare(InputChoice, PictureChoice, View):
    """Show models, or one model on two pictures, side by side."""

    name: ClassVar[str] = "compare"

    models: tuple[str, ...] = option(("twin-super", "twin-global"), help=HELP, metavar="MODEL", required=True)
    other_image: Path | None = option(None, help="a second picture", parse=path, metavar="PICTURE", group="other")
    other_sample: str | None = option(None, help="a second picture, a sample", choices=SAMPLES, group="other")
    depth: float = option(0.05, help="relative depth of the maps, 0 to 1", parse=number, metavar="SHARE")
    down: float = option(0.5, help="of the picture above the spot, 0 to 1", parse=number, metavar="SHARE")
    across: float = option(0.5, help="of the picture left of the spot, 0 to 1", parse=number, metavar="SHARE")
    metrics: tuple[str, ...] = option(
        ("entropy", "distance"), help="to draw against depth", choices=EXACT, metavar="NAME"
    )
    anchors: int = option(256, help="rows of each attention that are measured", parse=whole_number, metavar="COUNT")

    def inputs(self) -> list[Path]:
        """Return the files that are read, weights that a word names included."""
        named = (model_choice(word) for word in self.models)
        return [*super().inputs(), *(one.weights for one in named if one.weights is not None)]

    def report(self) -> "Report":
        """Make what is written."""
        from analysis.compare.maps import spot_map
        from analysis.compare.measured import ALWAYS, joined, measured
        from analysis.compare.spot import Spot
        from analysis.reports.compare import compare_report

        for name in ("depth", "down", "across"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"--{name} is a share from 0 to 1, got {getattr(self, name):g}.")
        sides = self._sides()
        spot = Spot(self.down, self.across)
        table = joined([measured(side, (*self.metrics, *ALWAYS), self.anchors) for side in sides])
        return compare_report([spot_map(side, self.depth, spot) for side in sides], table, self.metrics, self.depth)

    def _sides(self) -> "list[Side]":
        """Return the models on the picture, or the one model on both pictures."""
        from analysis.any_model import classifies, prepared
        from analysis.commands.subjects import chosen_any_model, chosen_picture, finite_of
        from analysis.compare.side import Side, distinct_titles

        pictures = [chosen_picture(self.image, self.sample)]
        if self.other_image is not None or self.other_sample is not None:
            pictures.append(chosen_picture(self.other_image, self.other_sample))
        check_count(len(self.models), len(pictures))
        found = []
        for word in self.models:
            model, title = chosen_any_model(model_choice(word))
            for picture in pictures:
                seen, _ = prepared(model, picture, self.size, self.framing)
                named = f"{title}, {seen.source.name}" if len(pictures) > 1 else title
                names = tuple(model.class_names or ())
                found.append(Side(named, seen, finite_of(model, seen.pixels), names, classifies(model)))
        titles = distinct_titles(side.title for side in found)
        return [replace(side, title=title) for title, side in zip(titles, found, strict=True)]


def check_count(models: int, pictures: int) -> None:
    """Check that so many sides can be compared.

    Raises:
        ValueError: If not; the message says what can.
    """
    from stvit.error_text import counted  # here: it comes with torch

    if not (pictures == 1 and models in (2, MOST_SIDES)) and not (pictures == 2 and models == 1):
        raise ValueError(
            f"Compare takes two or three models on one picture, or one model on two pictures; got "
            f"{counted(models, 'model')} and {counted(pictures, 'picture')}."
        )
