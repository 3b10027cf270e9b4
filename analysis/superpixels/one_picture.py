"""People's segmentations of one picture, laid where the model sees it."""

from dataclasses import dataclass
from pathlib import PurePath

import numpy as np

from analysis.grouping.framed import check_size_among, framed_labels
from analysis.grouping.label_files import LabelFileError
from analysis.grouping.label_maps import Labels
from analysis.grouping.truth import Truth
from analysis.superpixels.truth_formats import read_truth
from stvit.error_text import counted
from stvit.images import Framing

IGNORED = 255
"""Label of 8-bit PNGs whose pixels count nowhere."""


@dataclass(frozen=True, eq=False)
class People:
    """What people drew on one picture.

    Attributes:
        name: Name of the file.
        maps: Regions of each annotator, of the size that the model sees.
        ignore: Label whose pixels count nowhere; None if there is none.
        truth: The same, prepared for scores.
    """

    name: str
    maps: tuple[Labels, ...]
    ignore: int | None
    truth: Truth

    @classmethod
    def of(cls, name: str, maps: tuple[Labels, ...], ignore: int | None = None) -> "People":
        """Prepare label maps for scores.

        Raises:
            ValueError: If there is none, shapes differ, or an annotator labelled nothing.
        """
        return cls(name, maps, ignore, Truth.of(maps, ignore))

    def only(self, annotator: int | None) -> "People":
        """Return one annotator, counted from 0, alone; None keeps all.

        Raises:
            LabelFileError: If there is no such annotator.
        """
        if annotator is None:
            return self
        if not 0 <= annotator < len(self.maps):
            raise LabelFileError(
                f"There is no annotator {annotator + 1}; {self.name} is by {counted(len(self.maps), 'annotator')}."
            )
        return People.of(self.name, (self.maps[annotator],), self.ignore)


def read_people(name: str, data: bytes, framing: Framing) -> People:
    """Read a file of human segmentations of a picture.

    Args:
        name: Its name; the ending says what kind it is.
        data: Its bytes.
        framing: How the picture was prepared.

    Raises:
        LabelFileError: If it holds none, or none of this picture's size.
    """
    found = read_truth(PurePath(name).suffix, data)
    if not found.maps:
        raise LabelFileError("This file holds no segmentation; it needs at least one annotator's.")
    ignore = IGNORED if found.may_ignore else None
    return People.of(name, tuple(_laid(labels, framing) for labels in found.maps), ignore)


def _laid(labels: Labels, framing: Framing) -> np.ndarray:
    check_size_among(labels.shape, {"the picture": framing.original, "what the model sees": framing.size})
    return labels if labels.shape == framing.size else framed_labels(labels, framing)
