"""What a grouping method gives: labels, how many there really are, and the settings that led to them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analysis.grouping.label_maps import Labels, Number, check_image, compact_labels


@dataclass(frozen=True, eq=False)
class Segmentation:
    """A label map and how it came about.

    Attributes:
        labels: Segment of each pixel or token, shape (height, width).
        method: What made it, for captions.
        requested: Segments asked for.
        settings: The settings that led to it, found by search where there was one.

    Example:
        >>> Segmentation(np.array([[0, 3]]), method="by hand", requested=2, settings={}).count
        2
    """

    labels: Labels
    method: str
    requested: int
    settings: Mapping[str, Number]

    @property
    def count(self) -> int:
        """Segments that own at least one pixel."""
        return len(compact_labels(self.labels)[1])


def check_count(height: int, width: int, num_segments: int) -> None:
    """Refuse a number of segments that a picture of some size cannot have.

    Raises:
        ValueError: If there are fewer than 1 or more than pixels.
    """
    if not 1 <= num_segments <= height * width:
        raise ValueError(
            f"An image of {height} x {width} pixels can have 1 to {height * width} segments, got {num_segments}."
        )


def check_request(image: np.ndarray, num_segments: int) -> None:
    """Refuse what is no RGB image, or a number of segments that it cannot have.

    Raises:
        ValueError: In either case.
    """
    check_image(image)
    height, width = image.shape[:2]
    check_count(height, width, num_segments)
