"""Superpixels: counts, determinism, recovery of known regions, soft k-means against slow loops."""

import numpy as np
import pytest
from skimage import data
from skimage.color import rgb2lab
from skimage.segmentation import slic
from skimage.transform import downscale_local_mean

from analysis.grouping.felzenszwalb import felzenszwalb_labels
from analysis.grouping.label_maps import grid_labels
from analysis.grouping.overlap_scores import adjusted_rand_index
from analysis.grouping.scores import disconnected_count, explained_variation
from analysis.grouping.slic import slic_labels
from analysis.grouping.soft_kmeans import soft_kmeans_association, soft_kmeans_labels
from analysis.grouping.token_image import token_image

METHODS = {"slic": slic_labels, "felzenszwalb": felzenszwalb_labels}


@pytest.fixture(scope="module")
def photograph():
    """A real picture, 128 x 128."""
    return downscale_local_mean(data.astronaut(), (4, 4, 1)).astype(np.uint8)


@pytest.fixture(scope="module")
def quilt():
    """Sixteen patches of plain, different colours, 32 x 32, and their labels."""
    truth = grid_labels(32, 32, 4, 4)
    colours = np.random.default_rng(5).integers(0, 256, (16, 3), dtype=np.uint8)
    return colours[truth], truth


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("wanted", [16, 49, 100])
def test_count_comes_near_the_wanted_one(photograph, method, wanted):
    found = METHODS[method](photograph, wanted)
    assert found.requested == wanted
    assert found.count == len(np.unique(found.labels))
    assert abs(found.count - wanted) <= max(1, 0.06 * wanted)
    assert sorted(np.unique(found.labels)) == list(range(found.count))


def test_plain_slic_misses_the_count_that_the_search_finds(photograph):
    plain = len(np.unique(slic(photograph, 49, start_label=0, channel_axis=-1)))
    assert abs(plain - 49) > 8
    assert abs(slic_labels(photograph, 49).count - 49) <= 1


def test_slic_is_no_straw_man(photograph):
    """The count could also be reached by more seeds, of which more are then melted away."""
    runs = (slic(photograph, seeds, start_label=0, channel_axis=-1) for seeds in range(49, 200, 5))
    more_seeds = next(labels for labels in runs if len(np.unique(labels)) >= 49)
    found = slic_labels(photograph, 49)
    assert explained_variation(found.labels, photograph) > explained_variation(more_seeds, photograph)


@pytest.mark.parametrize("method", METHODS)
def test_settings_found_reproduce_the_labels(photograph, method):
    first, second = METHODS[method](photograph, 30), METHODS[method](photograph.copy(), 30)
    np.testing.assert_array_equal(first.labels, second.labels)
    assert first.settings == second.settings


def test_slic_settings_can_be_handed_to_scikit_image(photograph):
    found = slic_labels(photograph, 49, 20)
    settings = {key: found.settings[key] for key in ("compactness", "n_segments", "min_size_factor")}
    np.testing.assert_array_equal(found.labels, slic(photograph, start_label=0, channel_axis=-1, **settings))


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (2, 3), (5, 5), (7, 7), (28, 28), (30, 9)])
@pytest.mark.parametrize("content", ["plain", "noise"])
@pytest.mark.parametrize("method", [slic_labels, felzenszwalb_labels])
def test_at_most_holds_on_small_images(shape, content, method):
    noise = np.random.default_rng(1).integers(0, 256, (*shape, 3), dtype=np.uint8)
    image = noise if content == "noise" else np.full_like(noise, 90)
    pixels = shape[0] * shape[1]
    for wanted in sorted({1, (pixels + 1) // 2, min(49, pixels), pixels}):
        found = method(image, wanted, at_most=True)
        assert 1 <= found.count <= wanted
        assert found.labels.shape == shape


def test_segments_of_slic_are_in_one_piece(photograph):
    assert disconnected_count(slic_labels(photograph, 49, 1).labels) == 0
    assert disconnected_count(slic(photograph, 49, 1, start_label=0, channel_axis=-1, enforce_connectivity=False)) > 0


def test_higher_compactness_gives_more_of_a_grid(photograph):
    grid = grid_labels(128, 128, 7, 7)
    loose, tight = (slic_labels(photograph, 49, c).labels for c in (1, 1000))
    assert adjusted_rand_index(tight, grid) > 0.9 > adjusted_rand_index(loose, grid)


@pytest.mark.parametrize("method", METHODS)
def test_plain_patches_are_recovered(quilt, method):
    image, truth = quilt
    options = {"sigma": 0} if method == "felzenszwalb" else {}  # a blur makes segments of its own between patches
    assert adjusted_rand_index(METHODS[method](image, 16, **options).labels, truth) > 0.95


def test_soft_kmeans_recovers_plain_patches(quilt):
    image, truth = quilt
    np.testing.assert_array_equal(soft_kmeans_labels(image, 4, 4).labels, truth)


@pytest.mark.parametrize("method", [*METHODS, "soft k-means"])
def test_superpixels_explain_more_than_the_grid(photograph, method):
    labels = (METHODS.get(method) or (lambda i, _: soft_kmeans_labels(i, 7, 7)))(photograph, 49).labels
    grid = grid_labels(128, 128, 7, 7)
    assert explained_variation(labels, photograph) > explained_variation(grid, photograph) + 0.03


def test_token_image_averages_whole_blocks(photograph):
    expected = np.rint(downscale_local_mean(photograph, (4, 4, 1)))
    np.testing.assert_array_equal(token_image(photograph, 32, 32), expected)


def test_token_image_shares_pixels_between_tokens():
    image = np.repeat(np.array([[0, 30, 60]], np.uint8)[..., None], 3, axis=2)
    # Tokens are 1.5 pixels wide: (0 + 30/2) / 1.5 and (30/2 + 60) / 1.5.
    np.testing.assert_array_equal(token_image(image, 1, 2)[0, :, 0], [10, 50])


def slow_soft_kmeans(image, rows, columns, iterations, colour_scale, position_scale):
    """Algorithm 1 of the SSN paper, pixel by pixel, with a dense Q."""
    height, width = image.shape[:2]
    step = position_scale * max(rows / height, columns / width)
    colour = rgb2lab(image)
    features = {
        (y, x): np.array([*(colour_scale * colour[y, x]), step * y, step * x])
        for y in range(height)
        for x in range(width)
    }
    cell = {(y, x): (y * rows // height, x * columns // width) for y, x in features}
    cells = [(r, c) for r in range(rows) for c in range(columns)]
    means = {s: np.mean([features[p] for p in features if cell[p] == s], axis=0) for s in cells}
    for _ in range(iterations):
        dense = {}
        for place, own in cell.items():
            near = [s for s in cells if abs(s[0] - own[0]) <= 1 and abs(s[1] - own[1]) <= 1]
            scores = {s: np.exp(-np.sum((features[place] - means[s]) ** 2)) for s in near}
            dense[place] = {s: score / sum(scores.values()) for s, score in scores.items()}
        for s in cells:
            mass = {p: q[s] for p, q in dense.items() if s in q}
            means[s] = sum(m * features[p] for p, m in mass.items()) / sum(mass.values())
    result = np.zeros((height * width, rows * columns))
    for (y, x), q in dense.items():
        for (r, c), weight in q.items():
            result[y * width + x, r * columns + c] = weight
    return result


@pytest.mark.parametrize(("rows", "columns"), [(2, 3), (3, 4), (1, 1)])
@pytest.mark.parametrize("iterations", [1, 3])
def test_soft_kmeans_agrees_with_a_loop(rows, columns, iterations):
    image = np.random.default_rng(2).integers(100, 140, (7, 9, 3), dtype=np.uint8)
    index, weight = soft_kmeans_association(image, rows, columns, iterations, colour_scale=0.1, position_scale=2)
    dense = np.zeros((63, rows * columns))
    for token, (m, w) in enumerate(zip(index, weight, strict=True)):
        np.add.at(dense[token], m[m >= 0], w[m >= 0])
    expected = slow_soft_kmeans(image, rows, columns, iterations, 0.1, 2)
    np.testing.assert_allclose(dense, expected, atol=1e-12)
    assert not weight[index < 0].any()
    labels = soft_kmeans_labels(image, rows, columns, iterations, colour_scale=0.1, position_scale=2).labels
    np.testing.assert_array_equal(labels.ravel(), expected.argmax(axis=1))


def test_soft_kmeans_survives_distances_beyond_the_exponential():
    image = np.random.default_rng(3).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    _, weight = soft_kmeans_association(image, 3, 3, 5, colour_scale=1000)
    np.testing.assert_allclose(weight.sum(axis=1), 1)


def test_soft_kmeans_keeps_the_numbers_of_cells_and_its_settings():
    image = np.full((12, 16, 3), 7, np.uint8)
    found = soft_kmeans_labels(image, 3, 4, 2, position_scale=4)
    np.testing.assert_array_equal(found.labels, grid_labels(12, 16, 3, 4))
    assert (found.requested, found.settings["position_scale"], found.settings["iterations"]) == (12, 4, 2)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda image: slic_labels(image, 65), "8 x 8 pixels can have 1 to 64 segments, got 65"),
        (lambda image: slic_labels(image, 4, 0), "compactness of SLIC must be above 0, got 0"),
        (lambda image: felzenszwalb_labels(image, 0), "1 to 64 segments, got 0"),
        (lambda image: token_image(image, 9, 4), "9 x 4 does not fit an image of 8 x 8"),
        (lambda image: token_image(image, 0, 4), "0 x 4 does not fit"),
        (lambda image: soft_kmeans_labels(image, 2, 2, 0), "at least 1 iteration, got 0"),
        (lambda image: soft_kmeans_labels(image, 9, 2), "1 to 8 rows, got 9"),
        (lambda image: soft_kmeans_labels(image, 0, 2), "1 to 8 rows, got 0"),
    ],
)
def test_what_cannot_be_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call(np.zeros((8, 8, 3), np.uint8))
