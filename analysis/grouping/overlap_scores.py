"""How two label maps of the same pixels overlap, and the scores that follow from the overlap alone.

Notation and sources as in `analysis.grouping.scores`, where the whole set of scores can be imported from.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, Integer

from analysis.grouping.label_maps import (
    Labels,
    Reference,
    check_labels,
    check_same_shape,
    compact_labels,
    upsample_labels,
)


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


def undersegmentation_error(labels: Labels, reference: Reference) -> float:
    """Return the undersegmentation error of Neubert and Protzel 2012, from 0; lower is better.

    UE = 1/N sum_i sum_{j: S_j meets G_i} min(|S_j and G_i|, |S_j - G_i|).

    Raises:
        ValueError: If shapes differ.
    """
    overlap = Overlap.between(labels, reference)
    outside = overlap.segment_sizes[overlap.segment] - overlap.pixels
    return float(np.minimum(overlap.pixels, outside).sum() / labels.size)


def corrected_undersegmentation_error(labels: Labels, reference: Reference) -> float:
    """Return the corrected undersegmentation error, 1/N sum_j min_i |S_j - G_i|, which is 1 - ASA.

    Source: van den Bergh et al. 2012, as in the benchmark.

    Raises:
        ValueError: If shapes differ.
    """
    overlap = Overlap.between(labels, reference)
    outside = overlap.segment_sizes[overlap.segment] - overlap.pixels
    least = overlap.segment_sizes.copy()
    np.minimum.at(least, overlap.segment, outside)
    return float(least.sum() / labels.size)


def achievable_segmentation_accuracy(labels: Labels, reference: Reference) -> float:
    """Return the pixels that are right if each segment takes its most frequent region, as a part of all.

    ASA = 1/N sum_j max_i |S_j and G_i| (Liu et al. 2011).

    Raises:
        ValueError: If shapes differ.
    """
    overlap = Overlap.between(labels, reference)
    most = np.zeros_like(overlap.segment_sizes)
    np.maximum.at(most, overlap.segment, overlap.pixels)
    return float(most.sum() / labels.size)


def soft_achievable_segmentation_accuracy(
    index: Integer[np.ndarray, "grid_height grid_width k"],
    weight: Float[np.ndarray, "grid_height grid_width k"],
    reference: Reference,
) -> float:
    """Return the achievable segmentation accuracy of a soft association, which needs no hard labels.

    soft-ASA = 1/N sum_m max_g sum_i Q_im [G_i = g]. For a hard association it is the ASA of its labels. Mass that
    phantoms took counts as wrong: the best possible value is 1 minus the mean leakage.

    Args:
        index: Super tokens of each token, -1 for phantoms.
        weight: Their weights, same shape; rows sum to 1, phantoms included.
        reference: Regions at the resolution of the tokens or finer; each pixel has the Q of its token.

    Raises:
        ValueError: If index and weight differ in shape, or the reference is coarser than the tokens.
    """
    if index.shape != weight.shape:
        raise ValueError(f"Index and weight must have the same shape, got {index.shape} and {weight.shape}.")
    tokens = np.arange(index[..., 0].size).reshape(index.shape[:2])
    overlap = Overlap.between(upsample_labels(tokens, *reference.shape), reference)
    super_token = index.reshape(tokens.size, -1)[overlap.segment]  # (entries, k)
    mass = weight.reshape(tokens.size, -1)[overlap.segment] * overlap.pixels[:, None]
    real = super_token >= 0
    shape = (int(index.max()) + 1, len(overlap.region_sizes))
    entry = super_token * shape[1] + overlap.region[:, None]
    table = np.bincount(entry[real], mass[real], minlength=shape[0] * shape[1]).reshape(shape)
    return float(table.max(axis=1).sum() / reference.size)


def adjusted_rand_index(labels: Labels, reference: Reference) -> float:
    """Return the agreement of two label maps over pairs of pixels, 1 if equal, 0 on average if independent.

    ARI = (sum_ij C(n_ij, 2) - E) / ((sum_j C(a_j, 2) + sum_i C(b_i, 2)) / 2 - E) with
    E = sum_j C(a_j, 2) sum_i C(b_i, 2) / C(N, 2) (Hubert and Arabie 1985). Every label counts, 0 included,
    unlike in scikit-image's `adapted_rand_error`. Two maps of one segment, or of one pixel per segment, agree: 1.

    Raises:
        ValueError: If shapes differ.
    """
    overlap = Overlap.between(labels, reference)
    together, first, second = (_pairs(sizes) for sizes in (overlap.pixels, overlap.segment_sizes, overlap.region_sizes))
    if first == second == together:
        return 1.0
    expected = first * second / _pairs(np.array([labels.size]))
    return (together - expected) / ((first + second) / 2 - expected)


def conditional_entropy(labels: Labels, given: Reference) -> float:
    """Return H(labels | given) in nats: what is left to learn about a pixel's label from the other map.

    Raises:
        ValueError: If shapes differ.
    """
    overlap = Overlap.between(labels, given)
    share = overlap.pixels / overlap.region_sizes[overlap.region]
    return float(-(overlap.pixels * np.log(share)).sum() / labels.size) + 0.0


def variation_of_information(labels: Labels, reference: Reference) -> float:
    """Return VI = H(S | G) + H(G | S) in nats, 0 if equal (Meila 2003). The first part grows as segments split.

    Raises:
        ValueError: If shapes differ.
    """
    return conditional_entropy(labels, reference) + conditional_entropy(reference, labels)


def _pairs(sizes: Int[np.ndarray, " sets"]) -> float:
    """Return how many pairs lie within sets of these sizes, as a float since products overflow integers."""
    sizes = sizes.astype(np.float64)
    return float((sizes * (sizes - 1)).sum() / 2)
