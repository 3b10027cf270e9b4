"""Export of the page Rollout."""

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from analysis.commands.settings import from_one, option, to_one, whole_number
from analysis.commands.views.view import PictureView
from analysis.relevance.choices import ATTENTION, MOST_CLASSES, PREDICTED

if TYPE_CHECKING:
    from analysis.reports.report import Report
    from stvit import BlockRecord, Capture, STViT


def class_word(text: str) -> str:
    """Return a class as it was named.

    Raises:
        argparse.ArgumentTypeError: If it is neither a whole number of at least 0 nor one of the words.
    """
    if text not in (PREDICTED, ATTENTION) and not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a number from 0, {PREDICTED} or {ATTENTION}, got {text!r}")
    return text


@dataclass(frozen=True, kw_only=True)
class RollOut(PictureView):
    """Roll attention out from a token, or from the pooled output if none is named."""

    name: ClassVar[str] = "rollout"

    stage: int | None = option(None, help="of the token, from 1", parse=from_one, write=to_one, metavar="NUMBER")
    block: int | None = option(None, help="of the token, from 1", parse=from_one, write=to_one, metavar="NUMBER")
    row: int | None = option(None, help="of the token, from 0", parse=whole_number, metavar="NUMBER")
    column: int | None = option(None, help="of the token, from 0", parse=whole_number, metavar="NUMBER")
    classes: tuple[str, ...] = option(
        (PREDICTED,),
        help=f"weigh by classes, up to {MOST_CLASSES}: numbers from 0, {PREDICTED}, or {ATTENTION} alone",
        flag="--class",
        parse=class_word,
        metavar="CLASS",
        required=True,
    )
    minus_mean: bool = option(False, help="show the difference of the token from the mean of all tokens")
    no_convolutions: bool = option(False, help="let convolutions inside blocks pass straight")

    def report(self) -> "Report":
        """Make what is written."""
        from analysis.commands.subjects import chosen_subject, finite_capture
        from analysis.relevance.footprint import Footprints
        from analysis.relevance.rollout import rollout
        from analysis.relevance.weighings import gradients_of, weighings
        from analysis.reports.rollout import rollout_report

        anchor = self._anchor()
        self._check(anchor)
        model, subject = chosen_subject(self)
        cap = finite_capture(model, subject)
        source = self._source(model, cap)
        token = None if anchor is None else source.grid.token(*anchor)
        footprints = Footprints.of(model)
        used = footprints.without_depthwise() if self.no_convolutions else footprints
        found, means = {}, {}
        for weighing in weighings(model, cap.logits[0], self.classes):
            weights = gradients_of(model, subject.picture.pixels, weighing)
            found[weighing] = rollout(cap, used, source.id, token, weights=weights)
            if self.minus_mean:
                means[weighing] = rollout(cap, used, source.id, weights=weights)
        return rollout_report(subject, found, source, anchor, not self.no_convolutions, means)

    def _check(self, anchor: tuple[int, int] | None) -> None:
        """Check what is asked for.

        Raises:
            ValueError: If there are too many classes, or a difference from the mean without a token.
        """
        if len(self.classes) > MOST_CLASSES:
            raise ValueError(f"At most {MOST_CLASSES} classes stand side by side, got {len(self.classes)}.")
        if self.minus_mean and anchor is None:
            raise ValueError("A difference from the mean token needs a token: name it by --row and --column.")

    def _anchor(self) -> tuple[int, int] | None:
        """Return row and column of the token that one starts from, None for the pooled output.

        Raises:
            ValueError: If only the row or only the column of a token is named, which would otherwise be ignored.
        """
        if self.row is not None and self.column is not None:
            return self.row, self.column
        if any(part is not None for part in (self.row, self.column, self.stage, self.block)):
            raise ValueError(
                "A rollout starts from a token, named by --row and --column, or from the pooled output, "
                "for which --stage, --block, --row and --column are all left out."
            )
        return None

    def _source(self, model: "STViT", cap: "Capture") -> "BlockRecord":
        from analysis.commands.subjects import existing_block

        if self._anchor() is None:
            return list(cap.values())[-1]
        return cap[existing_block(model, self.stage or 0, self.block or 0)]
