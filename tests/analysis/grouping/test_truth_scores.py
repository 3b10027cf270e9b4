"""All scores at once agree with each score by itself, also where annotators left pixels out."""

import math

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from analysis.grouping import boundary_scores, overlap_scores
from analysis.grouping.boundary_scores import mean_distance_to_edge
from analysis.grouping.label_maps import boundary_mask, upsample_labels
from analysis.grouping.overlap_scores import oracle_mean_iou, soft_achievable_segmentation_accuracy
from analysis.grouping.scores import describe_segments
from analysis.grouping.truth import Truth
from analysis.grouping.truth_scores import TRUTH_SCORES, soft_accuracies, truth_scores

SCORES = vars(boundary_scores) | vars(overlap_scores)
SHAPE = (29, 38)


@pytest.fixture(params=[0, 1, 2])
def rng(request):
    return np.random.default_rng(request.param)


def regions(rng, count):
    """Ragged regions of several pixels."""
    return upsample_labels(rng.integers(0, count, (8, 10)), 32, 40)[: SHAPE[0], : SHAPE[1]]


@pytest.mark.parametrize("tolerance", [0, 1, 3])
def test_each_score_is_that_of_its_function(rng, tolerance):
    labels, maps = regions(rng, 25) * 3 + 1, [regions(rng, 5), regions(rng, 3) + 7, regions(rng, 9)]
    found = truth_scores(labels, Truth.of(maps, tolerance=tolerance))
    for values, reference in zip(found, maps, strict=True):
        for name in TRUTH_SCORES:
            extra = (tolerance,) if name in ("boundary_recall", "boundary_precision") else ()
            assert values[name] == pytest.approx(SCORES[name](labels, reference, *extra)), name


def test_pixels_that_an_annotator_left_out_count_nowhere(rng):
    """Overlap scores are those of the labelled pixels alone; edges between labelled pixels alone are true."""
    labels, whole = regions(rng, 25), regions(rng, 5)
    holes = [np.where(rng.random(SHAPE) < 0.2, 255, whole), np.where(regions(rng, 4) == 0, 255, whole), whole]
    for values, reference in zip(truth_scores(labels, Truth.of(holes, 255, 1)), holes, strict=True):
        counted = reference != 255
        inside = labels[counted][None], reference[counted][None]
        for name in TRUTH_SCORES[3:]:
            assert values[name] == pytest.approx(SCORES[name](*inside)), name
        assert values["oracle_mean_iou"] == pytest.approx(oracle_mean_iou(labels, reference, 255))
        true = {
            (y, x)
            for y, x in np.argwhere(counted)
            for a, b in ((0, 1), (1, 0), (0, -1), (-1, 0))
            if 0 <= y + a < SHAPE[0]
            and 0 <= x + b < SHAPE[1]
            and counted[y + a, x + b]
            and reference[y + a, x + b] != reference[y, x]
        }
        drawn = {tuple(place) for place in np.argwhere(boundary_mask(labels))}
        hits = sum(any(max(abs(y - a), abs(x - b)) <= 1 for a, b in drawn) for y, x in true)
        false = sum(counted[y, x] and not any(max(abs(y - a), abs(x - b)) <= 1 for a, b in true) for y, x in drawn)
        assert values["boundary_recall"] == pytest.approx(hits / len(true))
        assert values["boundary_precision"] == pytest.approx(hits / (hits + false))


def test_mean_distance_to_edge_agrees_with_all_pairs(rng):
    labels, reference = regions(rng, 6), regions(rng, 4)
    distances = cdist(np.argwhere(boundary_mask(reference)), np.argwhere(boundary_mask(labels)))
    assert mean_distance_to_edge(labels, reference) == pytest.approx(distances.min(axis=1).mean())


def test_mean_distance_of_two_parallel_lines_is_known():
    labels, reference = np.zeros((6, 20), int), np.zeros((6, 20), int)
    labels[:, 4:], reference[:, 12:] = 1, 1
    # Boundaries lie in columns 3 and 4, and 11 and 12: 7 and 8 pixels to the nearer one.
    assert mean_distance_to_edge(labels, reference) == 7.5
    assert math.isnan(mean_distance_to_edge(np.zeros((6, 20), int), reference))


def test_oracle_mean_iou_agrees_with_a_loop(rng):
    labels, reference = regions(rng, 25), regions(rng, 5)
    painted = np.zeros(SHAPE, int)
    for segment in np.unique(labels):
        painted[labels == segment] = np.bincount(reference[labels == segment]).argmax()
    ious = [
        ((painted == one) & (reference == one)).sum() / ((painted == one) | (reference == one)).sum()
        for one in np.unique(reference)
    ]
    assert oracle_mean_iou(labels, reference) == pytest.approx(np.mean(ious))


def test_oracle_mean_iou_of_known_maps():
    reference = np.repeat([[0, 0, 0, 1, 255, 255]], 4, axis=0)
    assert oracle_mean_iou(reference, reference, 255) == 1
    assert oracle_mean_iou(np.zeros_like(reference), reference, 255) == pytest.approx(3 / 4 / 2)
    assert math.isnan(oracle_mean_iou(reference, np.full_like(reference, 255), 255))


def test_soft_accuracies_are_those_of_each_annotator(rng):
    index = rng.integers(-1, 6, (7, 9, 4))
    weight = rng.dirichlet(np.ones(4), (7, 9))
    maps = [regions(rng, 5), regions(rng, 3)]
    expected = [soft_achievable_segmentation_accuracy(index, weight, one) for one in maps]
    assert soft_accuracies(index, weight, Truth.of(maps)) == pytest.approx(expected)
    hard = np.stack([np.arange(63).reshape(7, 9)], axis=-1)
    holes = np.where(regions(rng, 4) == 0, 255, maps[0])
    alone = truth_scores(upsample_labels(hard[..., 0], *SHAPE), Truth.of([holes], 255))[0]
    found = soft_accuracies(hard, np.ones((7, 9, 1)), Truth.of([holes], 255))
    assert found == pytest.approx([alone["achievable_segmentation_accuracy"]])


def test_scores_without_boundaries_are_undefined():
    plain, split = np.zeros(SHAPE, int), np.arange(SHAPE[1])[None].repeat(SHAPE[0], 0) // 20
    against_plain = truth_scores(split, Truth.of([plain]))[0]
    assert math.isnan(against_plain["boundary_recall"])
    assert math.isnan(against_plain["mean_distance_to_edge"])
    assert math.isnan(truth_scores(plain, Truth.of([split]))[0]["mean_distance_to_edge"])


@pytest.mark.usefixtures("unchecked")
def test_what_is_no_truth_is_refused():
    labels = np.zeros((4, 5), int)
    with pytest.raises(ValueError, match="at least one annotator, got none"):
        Truth.of([])
    with pytest.raises(ValueError, match="same height and width"):
        Truth.of([labels, labels.T])
    with pytest.raises(ValueError, match="every pixel is 0"):
        Truth.of([labels], ignore=0)
    with pytest.raises(ValueError, match="do not lie on a truth"):
        truth_scores(labels.T, Truth.of([labels]))


def test_size_statistics_of_a_known_map():
    labels = np.array([[0, 0, 0, 1], [0, 0, 0, 4]])
    found = describe_segments(labels, labels[..., None])
    assert (found.smallest, found.median_size, found.largest) == (1, 1, 6)
    assert found.size_variation == pytest.approx(np.std([6, 1, 1]) / np.mean([6, 1, 1]))
