import numpy as np
import pytest
import torch

from stvit import CONFIGS
from tests.support.training_data import TINY_MODEL, tiny_cache, tiny_config
from training.batches import CropBatches, Process, epoch_order, load_batches, steps_per_epoch
from training.pictures import PicturesOnCPU, PicturesOnDevice


@pytest.fixture(autouse=True)
def _tiny_model(monkeypatch):
    monkeypatch.setitem(CONFIGS, "stvit_tiny", TINY_MODEL)


def pictures():
    return PicturesOnCPU(tiny_cache())


def test_an_epoch_shows_every_image_once_up_to_the_last_batch():
    batches = CropBatches(pictures(), tiny_config(batch_size=5), 0, 32)
    assert len(batches) == 4
    seen = batches.order[:20]
    assert len(set(seen)) == 20
    labels = torch.cat([batches[step][1] for step in range(4)])
    np.testing.assert_array_equal(labels, batches.pictures.cache.labels[seen])


def test_batches_depend_on_seed_epoch_and_step_only():
    cache = pictures()
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
    cache = pictures()
    orders = [CropBatches(cache, tiny_config(), 0, 32, Process(rank, 2)) for rank in range(2)]
    assert len(orders[0]) == 3
    labels = torch.stack([batches[1][1] for batches in orders], 1).flatten()
    np.testing.assert_array_equal(labels, cache.cache.labels[orders[0].order[8:16]])


def test_loader_starts_at_a_step_and_leaves_the_global_generator_alone():
    cache, config = pictures(), tiny_config()
    before = torch.get_rng_state()
    later = list(load_batches(cache, config, 0, 32, 4, Process()))
    assert torch.equal(torch.get_rng_state(), before)
    assert len(later) == 2
    assert torch.equal(later[0][0], CropBatches(cache, config, 0, 32)[4][0])


def test_crops_are_what_a_plain_slice_and_resize_give():
    cache, config = pictures(), tiny_config(crop_scale=(1.0, 1.0), crop_ratio=(1.0, 1.0), randaugment=None)
    batches = CropBatches(cache, config, 0, 64)
    crops, _ = batches[0]
    for crop, image in zip(crops, batches.order[:4], strict=True):
        plain = torch.from_numpy(cache.cache.picture(image).copy()).permute(2, 0, 1)
        assert torch.equal(crop, plain) or torch.equal(crop, plain.flip(-1))


def test_repeated_augmentation_draws_each_image_three_times_in_a_row():
    order = epoch_order(24, tiny_config(repeats=3), 1)
    assert len(order) == 24
    assert (order.reshape(8, 3) == order[::3, None]).all()
    assert len(set(order)) == 8
    np.testing.assert_array_equal(order[::3], epoch_order(24, tiny_config(), 1)[:8])
    config = tiny_config(repeats=3, batch_size=2)
    shares = [CropBatches(pictures(), config, 1, 32, Process(rank, 3)) for rank in range(3)]
    labels = [tuple(batches[0][1]) for batches in shares]
    assert labels[0] == labels[1] == labels[2]  # the same images, each process with crops of its own
    assert not torch.equal(shares[0][0][0], shares[1][0][0])


def test_batches_on_the_device_are_those_of_the_cpu():
    config = tiny_config(randaugment=None)
    ours, others = PicturesOnDevice(tiny_cache(), torch.device("cpu")), pictures()
    on_device = list(load_batches(ours, config, 1, 32, 2, Process()))
    one_by_one = list(load_batches(others, config, 1, 32, 2, Process()))
    assert len(on_device) == len(one_by_one) == 4
    for (crops, labels), (expected, expected_labels) in zip(on_device, one_by_one, strict=True):
        assert torch.equal(labels, expected_labels)
        assert (crops - expected.float()).abs().max() <= 2


def test_batch_larger_than_the_data_is_refused():
    with pytest.raises(ValueError, match="24 training images do not fill a batch of 50; lower batch_size to 12 or"):
        steps_per_epoch(24, tiny_config(batch_size=25), 2)
