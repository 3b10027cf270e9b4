"""How two label maps of the same pixels overlap, as a table without its zeros, and what follows from the table alone.

Notation and sources as in `analysis.grouping.scores`.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from analysis.grouping.label_maps import Labels, Reference, check_labels, check_same_shape, compact_labels


@dataclass(frozen=True, eq=False)
class Overlap:
    """The contingency table of two label maps, without its zeros.

    Attributes:
        segment: Segment j of each entry, numbered from 0 without gaps.
        region: Region i of each entry, likewise.
        pixels: |S_j and G_i| of each entry, at least 1.
        segment_sizes: |S_j|.
        region_sizes: |G_i|.
    """

    segment: Int[np.ndarray, " entries"]
    region: Int[np.ndarray, " entries"]
    pixels: Int[np.ndarray, " entries"]
    segment_sizes: Int[np.ndarray, " segments"]
    region_sizes: Int[np.ndarray, " regions"]

    @classmethod
    def between(cls, labels: Labels, reference: Reference) -> "Overlap":
        """Count the pixels that each segment shares with each region.

        Raises:
            ValueError: If shapes differ.

        Example:
            >>> Overlap.between(np.array([[0, 0, 1, 1]]), np.array([[0, 0, 0, 1]])).pixels
            array([2, 1, 1])
        """
        check_labels(labels)
        check_labels(reference)
        check_same_shape(labels, reference, "the reference")
        segment, segments = compact_labels(labels.ravel())
        region, regions = compact_labels(reference.ravel())
        entry, pairs = compact_labels(segment * len(regions) + region)
        return cls(
            segment=pairs // len(regions),
            region=pairs % len(regions),
            pixels=np.bincount(entry),
            segment_sizes=np.bincount(segment, minlength=len(segments)),
            region_sizes=np.bincount(region, minlength=len(regions)),
        )

    @property
    def size(self) -> int:
        """N, the pixels that both maps label."""
        return int(self.pixels.sum())

    def undersegmentation_error(self) -> float:
        """Return 1/N sum_i sum_{j: S_j meets G_i} min(|S_j and G_i|, |S_j - G_i|) (Neubert and Protzel 2012)."""
        return float(np.minimum(self.pixels, self._outside()).sum() / self.size)

    def corrected_undersegmentation_error(self) -> float:
        """Return 1/N sum_j min_i |S_j - G_i| (van den Bergh et al. 2012)."""
        least = self.segment_sizes.copy()
        np.minimum.at(least, self.segment, self._outside())
        return float(least.sum() / self.size)

    def achievable_accuracy(self) -> float:
        """Return 1/N sum_j max_i |S_j and G_i| (Liu et al. 2011)."""
        most = np.zeros_like(self.segment_sizes)
        np.maximum.at(most, self.segment, self.pixels)
        return float(most.sum() / self.size)

    def oracle_mean_iou(self) -> float:
        """Return the mean over regions of |P_i and G_i| / |P_i or G_i|.

        P_i are the segments whose most frequent region is G_i; of equally frequent ones the first.
        """
        order = np.lexsort((self.region, -self.pixels, self.segment))
        best = order[np.unique(self.segment[order], return_index=True)[1]]
        shape = len(self.region_sizes)
        right = np.bincount(self.region[best], self.pixels[best], shape)
        painted = np.bincount(self.region[best], self.segment_sizes[self.segment[best]], shape)
        present = self.region_sizes > 0
        return float((right / np.maximum(painted + self.region_sizes - right, 1))[present].mean())

    def adjusted_rand_index(self) -> float:
        """Return the agreement over pairs of pixels, adjusted for chance (Hubert and Arabie 1985)."""
        together, first, second = (_pairs(sizes) for sizes in (self.pixels, self.segment_sizes, self.region_sizes))
        if first == second == together:
            return 1.0
        expected = first * second / _pairs(np.array([self.size]))
        return (together - expected) / ((first + second) / 2 - expected)

    def segment_entropy(self) -> float:
        """Return H(S | G) in nats."""
        return self._entropy_given(self.region_sizes[self.region])

    def region_entropy(self) -> float:
        """Return H(G | S) in nats."""
        return self._entropy_given(self.segment_sizes[self.segment])

    def _outside(self) -> Int[np.ndarray, " entries"]:
        """Return |S_j - G_i| of each entry."""
        return self.segment_sizes[self.segment] - self.pixels

    def _entropy_given(self, sizes: np.ndarray) -> float:
        return float(-(self.pixels * np.log(self.pixels / sizes)).sum() / self.size) + 0.0


def _pairs(sizes: Int[np.ndarray, " sets"]) -> float:
    """Return how many pairs lie within sets of these sizes, as a float since products overflow integers."""
    counts: Float[np.ndarray, " sets"] = sizes.astype(np.float64)
    return float((counts * (counts - 1)).sum() / 2)
