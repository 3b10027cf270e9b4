import numpy as np
import pytest
import torch

from stvit import CONFIGS
from tests.support.training_data import TINY_MODEL, tiny_cache, tiny_config
from training.batches import CropBatches, Place, crop_boxes, load_batches, resize, steps_per_epoch


@pytest.fixture(autouse=True)
def _tiny_model(monkeypatch):
    monkeypatch.setitem(CONFIGS, "stvit_tiny", TINY_MODEL)


def test_an_epoch_shows_every_image_once_up_to_the_last_batch():
    batches = CropBatches(tiny_cache(), tiny_config(batch_size=5), 0, 32)
    assert len(batches) == 4
    seen = batches.order[:20]
    assert len(set(seen)) == 20
    labels = torch.cat([batches[step][1] for step in range(4)])
    np.testing.assert_array_equal(labels, batches.cache.labels[seen])


def test_batches_depend_on_seed_epoch_and_step_only():
    cache = tiny_cache()
    first = CropBatches(cache, tiny_config(), 3, 32)[4][0]
    torch.manual_seed(99)
    np.random.seed(99)  # noqa: NPY002 - to show that the global state has no say
    assert torch.equal(CropBatches(cache, tiny_config(), 3, 32)[4][0], first)
    order = CropBatches(cache, tiny_config(), 3, 32).order
    for other in (CropBatches(cache, tiny_config(seed=1), 3, 32), CropBatches(cache, tiny_config(), 2, 32)):
        assert not np.array_equal(other.order, order)
        other.order = order  # the same images, cropped in another way
        assert not torch.equal(other[4][0], first)


def test_processes_share_a_batch_without_overlap():
    cache = tiny_cache()
    orders = [CropBatches(cache, tiny_config(), 0, 32, Place(rank, 2)) for rank in range(2)]
    assert len(orders[0]) == 3
    labels = torch.cat([batches[1][1] for batches in orders])
    np.testing.assert_array_equal(labels, cache.labels[orders[0].order[8:16]])


def test_loader_starts_at_a_step_and_leaves_the_global_generator_alone():
    cache, config = tiny_cache(), tiny_config()
    before = torch.get_rng_state()
    later = list(load_batches(cache, config, 0, 32, 4, Place()))
    assert torch.equal(torch.get_rng_state(), before)
    assert len(later) == 2
    assert torch.equal(later[0][0], CropBatches(cache, config, 0, 32)[4][0])


def test_crops_are_what_a_plain_slice_and_resize_give():
    cache, config = tiny_cache(), tiny_config(crop_scale=(1.0, 1.0), crop_ratio=(1.0, 1.0))
    batches = CropBatches(cache, config, 0, 64)
    crops, _ = batches[0]
    for crop, image in zip(crops, batches.order[:4], strict=True):
        plain = torch.from_numpy(cache.images[image].copy()).permute(2, 0, 1)
        assert torch.equal(crop, plain) or torch.equal(crop, plain.flip(-1))


def test_boxes_lie_inside_and_have_the_areas_and_ratios_asked_for():
    boxes = crop_boxes(4000, 200, (0.2, 0.6), (3 / 4, 4 / 3), np.random.default_rng(0))
    top, left, height, width = boxes.T
    assert (top >= 0).all()
    assert (left >= 0).all()
    assert (top + height <= 200).all()
    assert (left + width <= 200).all()
    area, ratio = height * width / 200**2, width / height
    assert area.min() > 0.195
    assert area.max() < 0.605
    assert abs(area.mean() - 0.4) < 0.01  # uniform in area
    assert abs(np.log(ratio).mean()) < 0.02  # symmetric in the logarithm
    assert ratio.max() < 1.36


def test_resizing_averages_what_is_finer_than_the_new_pixels():
    rows, columns = torch.meshgrid(torch.arange(90), torch.arange(90), indexing="ij")
    board = (255 * ((rows + columns) % 2)).to(torch.uint8).expand(2, 3, 90, 90)
    small = resize(board, 30)
    assert small.dtype == torch.uint8
    assert (small.float() - 127.5).abs().max() < 20
    assert resize(board, 90) is board


def test_batch_larger_than_the_data_is_refused():
    with pytest.raises(ValueError, match="24 training images do not fill a batch of 50; lower batch_size to 12 or"):
        steps_per_epoch(24, tiny_config(batch_size=25), 2)
