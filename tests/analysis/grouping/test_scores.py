"""Segmentation metrics: closed forms, slow loops over pixels, scikit-image, and invariances."""

from itertools import combinations, product

import numpy as np
import pytest
from skimage.metrics import variation_of_information as skimage_variation

from analysis.grouping.boundary_scores import boundary_precision, boundary_recall, default_tolerance
from analysis.grouping.label_maps import grid_labels, upsample_labels
from analysis.grouping.overlap import Overlap
from analysis.grouping.overlap_scores import (
    achievable_segmentation_accuracy,
    adjusted_rand_index,
    corrected_undersegmentation_error,
    soft_achievable_segmentation_accuracy,
    undersegmentation_error,
    variation_of_information,
)
from analysis.grouping.scores import (
    compactness,
    contour_density,
    describe_segments,
    disconnected_count,
    explained_variation,
    intra_segment_variation,
    segment_count,
)

HEIGHT, WIDTH = 9, 11
PLACES = list(product(range(HEIGHT), range(WIDTH)))
AGREEMENT = [
    achievable_segmentation_accuracy,
    undersegmentation_error,
    corrected_undersegmentation_error,
    adjusted_rand_index,
    variation_of_information,
    boundary_recall,
    boundary_precision,
]


@pytest.fixture(params=[0, 1, 2])
def random(request):
    return np.random.default_rng(request.param)


@pytest.fixture
def labels(random):
    """Ragged segments, not numbered from 0 or without gaps."""
    rough = random.integers(0, 5, (5, 6)) * 2 + 3
    return upsample_labels(rough, 2 * 5, 2 * 6)[:HEIGHT, :WIDTH]


@pytest.fixture
def reference(random):
    return np.sort(random.integers(0, 3, (HEIGHT, WIDTH)), axis=0).astype(np.uint16)


def pixels_of(labels):
    """The pixels of each label, as sets."""
    return [{p for p in PLACES if labels[p] == value} for value in np.unique(labels)]


def boundary_of(labels):
    """Pixels that differ from a 4-neighbour."""
    near = [(-1, 0), (1, 0), (0, -1), (0, 1)]
    return {
        (y, x)
        for y, x in PLACES
        if any((y + a, x + b) in PLACES and labels[y, x] != labels[y + a, x + b] for a, b in near)
    }


def has_near(place, others, radius):
    return any(max(abs(place[0] - y), abs(place[1] - x)) <= radius for y, x in others)


# Without a reference


def test_counts(labels):
    assert segment_count(labels) == len(pixels_of(labels))


def test_disconnected_count_on_a_known_map():
    striped = np.array([[0, 1, 0, 2], [0, 1, 0, 2], [5, 5, 5, 0]])
    # 0 is in two pieces beside 1 and a third at the corner, which touches by a corner only; 1, 2 and 5 are whole.
    assert disconnected_count(striped) == 1
    assert describe_segments(striped, striped[..., None]).components == 6
    assert disconnected_count(np.array([[3, 8], [8, 3]])) == 2
    assert disconnected_count(grid_labels(8, 8, 4, 4)) == 0


def test_disconnected_count_agrees_with_a_flood(labels):
    def is_whole(pixels):
        reached, front = set(), {next(iter(pixels))}
        while front:
            reached |= front
            steps = {(y + a, x + b) for y, x in front for a, b in ((0, 1), (1, 0), (0, -1), (-1, 0))}
            front = (steps & pixels) - reached
        return reached == pixels

    assert disconnected_count(labels) == sum(not is_whole(pixels) for pixels in pixels_of(labels))


def test_explained_variation_of_extremes(random):
    image = random.integers(0, 256, (6, 5, 3), dtype=np.uint8)
    assert explained_variation(np.arange(30).reshape(6, 5), image) == pytest.approx(1, abs=1e-12)
    assert explained_variation(np.zeros((6, 5), int), image) == pytest.approx(0, abs=1e-12)


def test_variations_agree_with_loops(random, labels):
    image = random.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    x = {p: image[p].astype(float) for p in PLACES}
    mean = np.mean([x[p] for p in PLACES], axis=0)
    within = {frozenset(s): np.mean([x[p] for p in s], axis=0) for s in pixels_of(labels)}
    between = sum(np.sum((m - mean) ** 2) for s, m in within.items() for _ in s)
    total = sum(np.sum((x[p] - mean) ** 2) for p in PLACES)
    assert explained_variation(labels, image) == pytest.approx(between / total)
    deviations = [np.sqrt(np.mean([np.sum((x[p] - m) ** 2) for p in s])) for s, m in within.items()]
    assert intra_segment_variation(labels, image) == pytest.approx(np.mean(deviations))


@pytest.mark.parametrize("value", [0.1, 255])
def test_variation_of_one_colour_is_undefined(labels, value):
    image = np.full((HEIGHT, WIDTH, 3), value)
    assert np.isnan(explained_variation(labels, image))
    assert intra_segment_variation(labels, image) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("cells", [(1, 1), (2, 2), (6, 6)])
def test_squares_have_compactness_pi_over_four(cells):
    assert compactness(grid_labels(12, 12, *cells)) == pytest.approx(np.pi / 4)


def test_compactness_agrees_with_a_loop(labels):
    total = 0.0
    for pixels in pixels_of(labels):
        near = [(y + a, x + b) for y, x in pixels for a, b in ((0, 1), (1, 0), (0, -1), (-1, 0))]
        perimeter = sum(place not in pixels for place in near)
        total += len(pixels) * 4 * np.pi * len(pixels) / perimeter**2
    assert compactness(labels) == pytest.approx(total / labels.size)


def test_contour_density(labels):
    assert contour_density(labels) == pytest.approx(len(boundary_of(labels)) / labels.size)
    assert contour_density(np.zeros((4, 4), int)) == 0
    assert contour_density(np.arange(16).reshape(4, 4)) == 1


# Boundaries


@pytest.mark.parametrize("radius", [0, 1, 2, 50])
def test_boundary_scores_agree_with_loops(labels, reference, radius):
    found, expected = boundary_of(labels), boundary_of(reference)
    hits = sum(has_near(p, found, radius) for p in expected)
    false = sum(not has_near(p, expected, radius) for p in found)
    assert boundary_recall(labels, reference, radius) == pytest.approx(hits / len(expected))
    assert boundary_precision(labels, reference, radius) == pytest.approx(hits / (hits + false))


def test_boundary_window_is_a_square():
    labels, reference = np.zeros((20, 20), int), np.zeros((20, 20), int)
    labels[0, 0] = 1
    reference[19, 19] = 1
    # Boundaries are (0, 0), (0, 1), (1, 0) and (19, 19), (19, 18), (18, 19): along both axes they come as near as
    # 18 only for the neighbours of the corners, 19 for the corner itself.
    recalls = [boundary_recall(labels, reference, radius) for radius in (17, 18, 19)]
    assert recalls == pytest.approx([0, 2 / 3, 1])


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((224, 224), 1),
        ((321, 481), 1),
        ((384, 384), 1),
        ((56, 56), 0),
        ((1080, 1920), 6),
        ((360, 480), 1),
        ((600, 800), 2),
        ((720, 960), 3),
        ((1, 1), 0),
    ],
)
def test_default_tolerance(size, expected):
    assert default_tolerance(*size) == expected


def test_boundary_scores_without_boundaries_are_undefined(labels):
    plain = np.zeros((HEIGHT, WIDTH), int)
    assert np.isnan(boundary_recall(labels, plain, 1))
    assert np.isnan(boundary_precision(plain, plain, 1))
    assert boundary_recall(plain, labels, 1) == 0
    assert boundary_precision(labels, plain, 1) == 0


# Overlap with a reference


def test_overlap_scores_agree_with_sets(labels, reference):
    segments, regions = pixels_of(labels), pixels_of(reference)
    asa = sum(max(len(s & g) for g in regions) for s in segments)
    error = sum(min(len(s & g), len(s - g)) for g in regions for s in segments if s & g)
    corrected = sum(min(len(s - g) for g in regions) for s in segments)
    size = labels.size
    assert achievable_segmentation_accuracy(labels, reference) == pytest.approx(asa / size)
    assert undersegmentation_error(labels, reference) == pytest.approx(error / size)
    assert corrected_undersegmentation_error(labels, reference) == pytest.approx(corrected / size)


def test_corrected_error_is_what_accuracy_lacks(labels, reference):
    lack = 1 - achievable_segmentation_accuracy(labels, reference)
    assert corrected_undersegmentation_error(labels, reference) == pytest.approx(lack)


def test_accuracy_counts_thirty_equal_labels():
    # Known to go wrong where labels are counted in ten bins.
    assert achievable_segmentation_accuracy(np.zeros((5, 6), int), np.arange(30).reshape(5, 6)) == 1 / 30


def test_adjusted_rand_index_agrees_with_pairs(labels, reference):
    first, second = labels.ravel(), reference.ravel()
    pairs = [(first[a] == first[b], second[a] == second[b]) for a, b in combinations(range(labels.size), 2)]
    together = sum(a and b for a, b in pairs)
    in_first, in_second = sum(a for a, _ in pairs), sum(b for _, b in pairs)
    expected = in_first * in_second / len(pairs)
    value = (together - expected) / ((in_first + in_second) / 2 - expected)
    assert adjusted_rand_index(labels, reference) == pytest.approx(value)


def test_adjusted_rand_index_of_independent_maps_is_near_zero(random):
    first, second = random.integers(0, 8, (2, 200, 200))
    assert abs(adjusted_rand_index(first, second)) < 1e-3


def test_adjusted_rand_index_of_large_maps_does_not_overflow():
    labels = grid_labels(3000, 3000, 2, 2)
    assert adjusted_rand_index(labels, labels // 2) == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize("labels", [np.zeros((4, 5), int), np.arange(20).reshape(4, 5)])
def test_trivial_maps_agree_with_themselves(labels):
    assert adjusted_rand_index(labels, labels) == 1
    assert variation_of_information(labels, labels) == 0
    assert str(Overlap.between(labels, labels).segment_entropy()) == "0.0"


def test_variation_of_information_agrees_with_scikit_image(labels, reference):
    bits = skimage_variation(labels, reference.astype(int))
    assert variation_of_information(labels, reference) == pytest.approx(sum(bits) * np.log(2))
    overlap = Overlap.between(labels, reference)
    assert sorted(bits * np.log(2)) == pytest.approx(sorted((overlap.segment_entropy(), overlap.region_entropy())))


def test_conditional_entropies_have_a_direction():
    overlap = Overlap.between(grid_labels(4, 4, 2, 2), grid_labels(4, 4, 1, 2))
    assert overlap.segment_entropy() == pytest.approx(np.log(2))
    assert overlap.region_entropy() == 0


@pytest.mark.parametrize("metric", AGREEMENT)
def test_names_of_labels_do_not_matter(random, labels, reference, metric):
    renamed = random.permutation(40)[labels]
    other = random.permutation(1000)[reference]
    assert metric(renamed, other) == pytest.approx(metric(labels, reference))


def test_a_map_agrees_perfectly_with_itself(labels):
    assert achievable_segmentation_accuracy(labels, labels) == 1
    assert undersegmentation_error(labels, labels) == 0
    assert (boundary_recall(labels, labels), boundary_precision(labels, labels)) == (1, 1)
    assert (adjusted_rand_index(labels, labels), variation_of_information(labels, labels)) == (1, 0)


# Soft accuracy


def test_soft_accuracy_of_hard_labels_is_the_accuracy(labels, reference):
    soft = soft_achievable_segmentation_accuracy(labels[..., None], np.ones((HEIGHT, WIDTH, 1)), reference)
    assert soft == pytest.approx(achievable_segmentation_accuracy(labels, reference))


def test_soft_accuracy_agrees_with_a_dense_table(random):
    index = random.integers(-1, 6, (4, 5, 9))
    weight = random.random((4, 5, 9))
    weight /= weight.sum(axis=-1, keepdims=True)
    reference = random.integers(0, 3, (8, 15))
    mass = np.zeros((6, 3))
    for y, x in product(range(8), range(15)):
        for m, w in zip(index[y // 2, x // 3], weight[y // 2, x // 3], strict=True):
            if m >= 0:
                mass[m, reference[y, x]] += w
    expected = mass.max(axis=1).sum() / reference.size
    assert soft_achievable_segmentation_accuracy(index, weight, reference) == pytest.approx(expected)


def test_soft_accuracy_does_not_hide_leakage():
    index = np.array([[[0, -1], [0, -1]]])
    weight = np.array([[[0.75, 0.25], [0.25, 0.75]]])
    assert soft_achievable_segmentation_accuracy(index, weight, np.ones((1, 2), int)) == pytest.approx(0.5)


# Summaries and refusals


def test_descriptions_hold_what_the_functions_say(random, labels):
    image = random.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    described = describe_segments(labels, image)
    assert described.count == segment_count(labels)
    assert described.disconnected == disconnected_count(labels)
    assert described.explained_variation == explained_variation(labels, image)
    assert described.compactness == compactness(labels)


def test_the_tolerance_is_the_default_one_unless_given(labels, reference):
    assert boundary_recall(labels, reference) == boundary_recall(labels, reference, default_tolerance(*labels.shape))


@pytest.mark.parametrize("metric", AGREEMENT)
def test_maps_of_different_size_are_refused(metric):
    with pytest.raises(ValueError, match=r"same height and width, got \(2, 2\) and \(4, 4\).*upsample_labels"):
        metric(np.zeros((2, 2), int), np.zeros((4, 4), int))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda m: explained_variation(m, np.zeros((8, 8, 3))), r"the image must have.*\(4, 4\) and \(8, 8\)"),
        (lambda m: boundary_recall(m, m, -1), "at least 0 pixels, got -1"),
        (lambda m: boundary_recall(m - 1, m, 1), "at least 0, got -1"),
        (lambda m: soft_achievable_segmentation_accuracy(np.zeros((8, 8, 1), int), np.ones((8, 8, 1)), m), "lose"),
    ],
)
def test_what_cannot_be_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call(np.zeros((4, 4), int))
