import numpy as np
import pytest
import torch

from stvit import CONFIGS
from stvit.images import IMAGENET_MEAN, IMAGENET_STD
from tests.support.training_data import TINY_MODEL, tiny_config
from training.augment import augment, cutmix, erase, jitter, mix, mixup, normalise, smooth_targets
from training.crops import generator


@pytest.fixture(autouse=True)
def _tiny_model(monkeypatch):
    monkeypatch.setitem(CONFIGS, "stvit_tiny", TINY_MODEL)


def test_normalisation_is_that_of_the_library():
    images = torch.rand(2, 3, 4, 4)
    expected = torch.stack([(images[:, c] - IMAGENET_MEAN[c]) / IMAGENET_STD[c] for c in range(3)], 1)
    torch.testing.assert_close(normalise(images), expected)


def crops_of(side, count=8):
    return torch.randint(0, 256, (count, 3, side, side), dtype=torch.uint8)


def test_without_augmentation_crops_are_only_normalised():
    crops = crops_of(8)
    plain = tiny_config(randaugment=None, jitter=0.0, erase=0.0)
    torch.testing.assert_close(augment(crops, plain, generator(0)), normalise(crops / 255))


@pytest.mark.parametrize("changes", [{"jitter": 0.4}, {"erase": 1.0}])
def test_each_augmentation_changes_the_crops_by_its_generator_only(changes):
    crops, config = crops_of(32), tiny_config(**({"jitter": 0.0, "erase": 0.0} | changes))
    pixels = augment(crops, config, generator(1))
    torch.manual_seed(5)
    assert torch.equal(augment(crops, config, generator(1)), pixels)
    assert not torch.equal(augment(crops, config, generator(2)), pixels)
    assert not torch.equal(pixels, normalise(crops / 255))
    # Crops may come as floats from the device.
    assert torch.equal(augment(crops.float(), config, generator(1)), pixels)


def test_jitter_follows_the_formula_of_each_factor():
    images = torch.full((1, 3, 2, 2), 0.4)
    images[:, 0] = 0.5
    torch.testing.assert_close(jitter(images, torch.tensor([[1.1], [1.0], [1.0]])), images * 1.1)
    grey = 0.299 * 0.5 + 0.587 * 0.4 + 0.114 * 0.4
    torch.testing.assert_close(jitter(images, torch.tensor([[1.0], [0.8], [1.0]])), grey + (images - grey) * 0.8)


def test_erasing_puts_normal_noise_into_the_box_of_each_image():
    pixels = torch.full((3, 3, 100, 90), 7.0)
    boxes = np.array([[10, 20, 80, 60], [0, 0, 0, 0], [0, 0, 99, 89]])
    erased = erase(pixels, boxes, seed=4)
    inside = erased[0, :, 10:90, 20:80]
    assert abs(float(inside.mean())) < 0.05
    assert abs(float(inside.std()) - 1) < 0.05
    assert len(inside.unique()) > 14000  # each pixel and channel its own
    assert (erased[0] == 7).sum() == 3 * (100 * 90 - 80 * 60)
    assert torch.equal(erased[1], pixels[1])
    assert (erased[2, :, 99] == 7).all()


def test_mixup_is_the_weighted_sum_of_image_and_reverse():
    pixels, targets = torch.randn(3, 3, 4, 4), torch.eye(3)
    mixed, mixed_targets = mixup(pixels, targets, 0.75)
    torch.testing.assert_close(mixed[0], 0.75 * pixels[0] + 0.25 * pixels[2])
    torch.testing.assert_close(mixed_targets[0], torch.tensor([0.75, 0.0, 0.25]))


def test_cutmix_targets_are_the_share_of_pixels():
    pixels = torch.arange(4.0).view(4, 1, 1, 1).expand(4, 3, 10, 12)
    for _ in range(20):
        mixed, targets = cutmix(pixels, torch.eye(4), float(torch.rand(())), tuple(torch.rand(2).tolist()))
        own = (mixed[1] == 1).float().mean()
        torch.testing.assert_close(targets[1, 1], own)
        torch.testing.assert_close(targets[1, 2], 1 - own)


def test_mixing_happens_by_chance_and_conserves_probability():
    pixels, targets = torch.randn(4, 3, 8, 8), smooth_targets(torch.arange(4), 5, 0.1)
    never, _ = mix(pixels, targets, tiny_config(mix_probability=0.0), generator(0))
    assert torch.equal(never, pixels)
    untouched, _ = mix(pixels, targets, tiny_config(mixup=0.0, cutmix=0.0), generator(0))
    assert torch.equal(untouched, pixels)
    mixed = [mix(pixels, targets, tiny_config(mix_probability=0.5), generator(seed)) for seed in range(40)]
    changed = sum(not torch.equal(images, pixels) for images, _ in mixed)
    assert 8 < changed < 32
    for _, soft in mixed:
        torch.testing.assert_close(soft.sum(1), torch.ones(4))


def test_smooth_targets_match_the_loss_of_pytorch():
    logits, labels = torch.randn(6, 5), torch.randint(5, (6,))
    ours = torch.nn.functional.cross_entropy(logits, smooth_targets(labels, 5, 0.1))
    torch.testing.assert_close(ours, torch.nn.functional.cross_entropy(logits, labels, label_smoothing=0.1))
