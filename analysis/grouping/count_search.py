"""The search for the settings that make a segmentation have a wanted number of segments."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from analysis.grouping.label_maps import Number, compact_labels

BISECTIONS = 10
"""Settings tried at most by one bisection."""

CLOSE = 0.01
"""Part of the wanted count that a bisection leaves as it is: 1 of 144, but none of 49."""


@dataclass
class CountSearch:
    """Runs of one method under different settings; the run with the count nearest to the wanted one is kept.

    Attributes:
        method: Takes settings as keywords and gives labels.
        requested: Segments wanted.
        at_most: Whether any count up to the wanted one is better than any count above.
        settings: Settings of the best run so far.
        labels: Its labels, renumbered to 0 ... count - 1.
        rank: Whether it has more segments than allowed, and how many more or fewer than wanted.
    """

    method: Callable[..., np.ndarray]
    requested: int
    at_most: bool
    settings: dict[str, Number] = field(default_factory=dict)
    labels: np.ndarray = field(default_factory=lambda: np.empty((0, 0), dtype=np.int64))
    rank: tuple[bool, float] = (True, math.inf)

    @property
    def missed_by(self) -> float:
        """Distance of the best count so far from the wanted one, as a part of it; infinite if not allowed."""
        too_many, distance = self.rank
        return math.inf if too_many else distance / self.requested

    def attempt(self, **settings: Number) -> int:
        """Run once and return the count."""
        labels, values = compact_labels(self.method(**settings))
        count = len(values)
        rank = (self.at_most and count > self.requested, abs(count - self.requested))
        if rank < self.rank:
            self.rank, self.labels, self.settings = rank, labels, settings
        return count

    def bisect(self, settings: Callable[[float], dict[str, Number]], low: float, high: float) -> None:
        """Search between two values of a setting, on a log scale; the count falls as the value rises."""
        for _ in range(BISECTIONS):
            if self.missed_by <= CLOSE:
                return
            middle = math.sqrt(low * high)
            too_many = self.attempt(**settings(middle)) > self.requested
            low, high = (middle, high) if too_many else (low, middle)
