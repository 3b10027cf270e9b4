"""The registry of grouping methods: each keeps the contract, and the new ones do what they say."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist
from skimage.color import rgb2lab
from skimage.segmentation import quickshift

from analysis.grouping.choices import RESOLUTIONS
from analysis.grouping.connected import largest_pieces
from analysis.grouping.controls import radial_labels, random_seed_labels
from analysis.grouping.groupings import grouping_of
from analysis.grouping.label_maps import connected_labels
from analysis.grouping.methods import METHODS, chosen_methods, method_named
from analysis.grouping.overlap_scores import adjusted_rand_index
from analysis.grouping.quickshift import quickshift_labels
from analysis.grouping.slic import slico_labels
from analysis.grouping.tasks import Task, learned_labels, task_of
from analysis.grouping.watershed import watershed_labels
from stvit import BlockId, TokenGrid, capture
from tests.support.tiny import tiny_model, tiny_pixels

GRID = TokenGrid(14, 16, 4)  # padded: 4 x 4 super tokens of which the last row is half outside
IMAGE = {name for name, method in METHODS.items() if not method.knows_model}


@pytest.fixture(scope="module")
def shown() -> np.ndarray:
    """Return four blocks of colour with a little noise."""
    rng = np.random.default_rng(0)
    colours = np.array([[[200, 30, 30], [30, 200, 30]], [[30, 30, 200], [200, 200, 30]]], np.uint8)
    image = colours.repeat(28, 0).repeat(32, 1)
    return np.clip(image.astype(int) + rng.integers(-6, 7, image.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("on", RESOLUTIONS)
@pytest.mark.parametrize("name", sorted(IMAGE))
def test_every_method_groups_at_every_resolution(shown, name, on):
    found = METHODS[name].segment(task_of(shown, GRID, on))
    assert found.labels.shape == ((14, 16) if on == "token" else shown.shape[:2])
    assert found.count == len(np.unique(found.labels))
    assert found.requested == GRID.num_super_tokens
    assert 1 < found.count <= 1.6 * found.requested


@pytest.mark.parametrize("name", sorted(IMAGE))
def test_labels_at_most_name_super_tokens(shown, name):
    labels = METHODS[name].segment(task_of(shown, GRID, at_most=True)).labels
    assert labels.min() >= 0
    assert labels.max() < GRID.num_super_tokens


def test_names_titles_and_colours_are_distinct():
    assert list(METHODS) == [method.name for method in METHODS.values()]
    for values in ({method.title for method in METHODS.values()}, {method.colour for method in METHODS.values()}):
        assert len(values) == len(METHODS)


@pytest.mark.usefixtures("unchecked")
def test_unknown_names_are_refused_with_the_known_ones(shown):
    with pytest.raises(
        ValueError, match="no grouping method 'waterfall'; known are grid, super, super_connected, slic"
    ):
        method_named("waterfall")
    with pytest.raises(ValueError, match="known are grid"):
        chosen_methods(["slic", "waterfall"])
    with pytest.raises(ValueError, match="no resolution 'voxel'; known are token, pixel"):
        task_of(shown, GRID, "voxel")


def test_methods_come_in_the_order_of_the_registry():
    assert [method.name for method in chosen_methods(["slic", "grid", "slic"])] == ["grid", "slic"]


def test_learned_super_tokens_need_a_block(shown):
    with pytest.raises(ValueError, match="need a captured block"):
        METHODS["super"].segment(Task(shown, GRID))


def test_learned_super_tokens_are_those_of_the_block():
    torch.manual_seed(0)
    record = capture(tiny_model(), tiny_pixels(1))[BlockId(0, 0)]
    picture = np.zeros((96, 100, 3), np.uint8)
    np.testing.assert_array_equal(grouping_of(METHODS["super"], picture, record).labels, record.labels()[0].numpy())
    cells = grouping_of(METHODS["super"], picture, record, iterations=0).labels
    np.testing.assert_array_equal(cells, grouping_of(METHODS["grid"], picture, record).labels)
    assert (learned_labels(record, 5) != cells).any()


def test_learned_groups_of_a_run_in_half_precision_are_the_heaviest_of_their_weights():
    torch.manual_seed(0)
    record = capture(tiny_model().bfloat16(), tiny_pixels(1))[BlockId(0, 0)]
    found = grouping_of(METHODS["super"], np.zeros((96, 100, 3), np.uint8), record, iterations=2)
    index, weight = found.weights
    best = np.where(index < 0, -1, weight).argmax(-1)[..., None]
    np.testing.assert_array_equal(found.labels, np.take_along_axis(index, best, -1)[..., 0])


def test_connected_super_tokens_are_the_largest_pieces_of_the_learned_ones():
    torch.manual_seed(0)
    record = capture(tiny_model(), tiny_pixels(1))[BlockId(0, 0)]
    task = Task(np.zeros((96, 100, 3), np.uint8), record.grid, record)
    learned, connected = METHODS["super"].segment(task), METHODS["super_connected"].segment(task)
    np.testing.assert_array_equal(connected.labels, largest_pieces(learned.labels))
    assert (connected.labels != learned.labels).any()
    assert connected.count == learned.count


def test_the_number_wanted_goes_before_that_of_the_grid(shown):
    task = Task(shown, TokenGrid(5, 6, 1), wanted=31)
    assert METHODS["quickshift"].segment(task).count == 31
    assert METHODS["grid"].segment(task).count == 30


def test_random_seeds_are_a_voronoi_tessellation():
    found = random_seed_labels(9, 13, 6, seed=3)
    chosen = np.sort(np.random.default_rng(3).choice(9 * 13, 6, replace=False))
    positions = np.stack(np.divmod(np.arange(9 * 13), 13), axis=1)
    nearest = cdist(positions, positions[chosen]).argmin(axis=1)
    np.testing.assert_array_equal(found.labels.ravel(), nearest)
    assert found.count == 6


@pytest.mark.parametrize(("height", "width", "count"), [(28, 28, 49), (14, 30, 12), (5, 5, 25), (7, 9, 1), (8, 8, 2)])
def test_the_radial_pattern_has_equal_parts(height, width, count):
    labels = radial_labels(height, width, count).labels
    sizes = np.bincount(labels.ravel(), minlength=count)
    assert len(sizes) == count
    assert sizes.max() - sizes.min() <= 2  # a pixel by the bounds of the ring, one by those of the sector


def test_the_radial_pattern_is_rings_of_six_twelve_and_so_on():
    labels = radial_labels(101, 101, 19).labels
    row, column = np.indices(labels.shape) - 50
    radius = np.hypot(row, column)
    outermost = [radius[labels == label].max() for label in range(19)]
    innermost = [radius[labels == label].min() for label in range(19)]
    assert outermost[0] <= min(innermost[1:7])
    assert max(outermost[1:7]) <= min(innermost[7:])
    assert max(outermost[7:13]) > min(innermost[13:])  # the twelve share a ring
    angle = np.arctan2(row, column)
    assert all(np.ptp(angle[labels == label]) < np.pi / 2 for label in range(1, 19))  # sectors, not rings again


def test_quickshift_gives_the_count_and_finds_the_colours(shown):
    assert quickshift_labels(shown, 4).count == 4
    assert [quickshift_labels(shown[:20, :20], count).count for count in (1, 7, 400)] == [1, 7, 400]
    labels = quickshift_labels(shown, 4).labels
    corners = [labels[:28, :32], labels[:28, 32:], labels[28:, :32], labels[28:, 32:]]
    assert all((corner == corner[0, 0]).mean() > 0.95 for corner in corners)


def test_quickshift_cuts_the_longest_links(shown):
    found = quickshift_labels(shown, 40)
    options = {"kernel_size": found.settings["kernel_size"], "ratio": 1.0, "convert2lab": False, "rng": 0}
    _, parent, length = quickshift(rgb2lab(shown), max_dist=np.inf, return_tree=True, **options)
    links = np.asarray(parent).ravel() != np.arange(shown[..., 0].size)
    falling = np.sort(np.asarray(length).ravel()[links])[::-1]
    cuts = 40 - np.count_nonzero(~links)
    assert cuts > 10
    threshold = (falling[cuts - 1] + falling[cuts]) / 2
    expected = quickshift(rgb2lab(shown), max_dist=threshold, **options)
    assert adjusted_rand_index(found.labels, expected) == pytest.approx(1, abs=1e-3)


def test_watershed_and_slico_are_in_one_piece(shown):
    for labels in (watershed_labels(shown, 12).labels, slico_labels(shown, 12).labels):
        assert len(np.unique(connected_labels(labels))) == len(np.unique(labels))


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("method", [quickshift_labels, watershed_labels, slico_labels])
def test_impossible_counts_are_refused(shown, method):
    with pytest.raises(ValueError, match="can have 1 to 3584 segments, got 0"):
        method(shown, 0)
    with pytest.raises(ValueError, match="RGB image"):
        method(shown[..., 0], 4)


def test_controls_refuse_more_segments_than_pixels():
    for method in (random_seed_labels, radial_labels):
        with pytest.raises(ValueError, match="can have 1 to 12 segments, got 13"):
            method(3, 4, 13)


def test_a_watershed_of_negative_compactness_is_refused(shown):
    with pytest.raises(ValueError, match="must be at least 0, got -1"):
        watershed_labels(shown, 4, compactness=-1)
