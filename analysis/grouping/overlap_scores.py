"""Scores that follow from how a label map overlaps a reference.

Notation and sources as in `analysis.grouping.scores`.
"""

import math

import numpy as np
from jaxtyping import Float, Integer

from analysis.grouping.label_maps import Labels, Reference, check_same_shape, upsample_labels
from analysis.grouping.overlap import Overlap


def undersegmentation_error(labels: Labels, reference: Reference) -> float:
    """Return the undersegmentation error of Neubert and Protzel 2012, from 0; lower is better.

    UE = 1/N sum_i sum_{j: S_j meets G_i} min(|S_j and G_i|, |S_j - G_i|).

    Raises:
        ValueError: If shapes differ.

    Example:
        >>> undersegmentation_error(np.array([[0, 0, 1, 1]]), np.array([[0, 0, 0, 1]]))  # (1 + 1) / 4
        0.5
    """
    return Overlap.between(labels, reference).undersegmentation_error()


def corrected_undersegmentation_error(labels: Labels, reference: Reference) -> float:
    """Return the corrected undersegmentation error, 1/N sum_j min_i |S_j - G_i|, which is 1 - ASA.

    Source: van den Bergh et al. 2012, as in the benchmark.

    Raises:
        ValueError: If shapes differ.

    Example:
        >>> corrected_undersegmentation_error(np.array([[0, 0, 1, 1]]), np.array([[0, 0, 0, 1]]))  # 1 / 4
        0.25
    """
    return Overlap.between(labels, reference).corrected_undersegmentation_error()


def achievable_segmentation_accuracy(labels: Labels, reference: Reference) -> float:
    """Return the pixels that are right if each segment takes its most frequent region, as a part of all.

    ASA = 1/N sum_j max_i |S_j and G_i| (Liu et al. 2011).

    Raises:
        ValueError: If shapes differ.

    Example:
        >>> achievable_segmentation_accuracy(np.array([[0, 0, 1, 1]]), np.array([[0, 0, 0, 1]]))  # (2 + 1) / 4
        0.75
    """
    return Overlap.between(labels, reference).achievable_accuracy()


def oracle_mean_iou(labels: Labels, reference: Reference, ignore: int | None = None) -> float:
    """Return the mean intersection over union if each segment takes its most frequent class.

    mIoU = mean_i |P_i and G_i| / |P_i or G_i|, P_i the segments whose most frequent class is i (of equally frequent
    ones the lowest), over the classes that the reference holds. It is not an upper bound to the last digit: the most
    frequent class maximises the accuracy, not the mIoU. Source of mIoU: Everingham et al. 2010 (PASCAL VOC).

    Args:
        labels: Segments, shape (height, width).
        reference: Classes, same shape.
        ignore: Class whose pixels are ignored, such as 255 in PASCAL VOC and Cityscapes.

    Returns:
        From 0 to 1; nan if the reference holds nothing but `ignore`.

    Raises:
        ValueError: If shapes differ.

    Example:
        >>> oracle_mean_iou(np.array([[0, 0, 1, 1]]), np.array([[0, 0, 0, 1]]))  # (3 / 4 + 0 / 1) / 2
        0.375
    """
    check_same_shape(labels, reference, "the reference")
    counted = np.ones(reference.shape, dtype=bool) if ignore is None else reference != ignore
    if not counted.any():
        return math.nan
    return Overlap.between(labels[counted][None], reference[counted][None]).oracle_mean_iou()


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

    Example:
        >>> index, weight = np.array([[[0], [0]]]), np.array([[[1.0], [1.0]]])  # one super token for both
        >>> soft_achievable_segmentation_accuracy(index, weight, np.array([[0, 1]]))
        0.5
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

    Example:
        >>> adjusted_rand_index(np.array([[0, 0, 1, 1]]), np.array([[7, 7, 3, 3]]))
        1.0
    """
    return Overlap.between(labels, reference).adjusted_rand_index()


def variation_of_information(labels: Labels, reference: Reference) -> float:
    """Return VI = H(S | G) + H(G | S) in nats, 0 if equal (Meila 2003). The first part grows as segments split.

    Raises:
        ValueError: If shapes differ.

    Example:
        >>> variation_of_information(np.array([[0, 1]]), np.array([[0, 0]])) == math.log(2)
        True
    """
    overlap = Overlap.between(labels, reference)
    return overlap.segment_entropy() + overlap.region_entropy()
