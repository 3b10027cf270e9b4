import pytest
import torch

from stvit import CONFIGS
from stvit.images import IMAGENET_MEAN, IMAGENET_STD
from tests.support.training_data import TINY_MODEL, tiny_config
from training.augment import MEAN, STD, build_augmentation, cutmix, jitter, mix, mixup, normalise, smooth_targets


@pytest.fixture(autouse=True)
def _tiny_model(monkeypatch):
    monkeypatch.setitem(CONFIGS, "stvit_tiny", TINY_MODEL)


def test_normalisation_is_that_of_the_library():
    assert MEAN == IMAGENET_MEAN
    assert STD == IMAGENET_STD
    images = torch.rand(2, 3, 4, 4)
    expected = torch.stack([(images[:, c] - MEAN[c]) / STD[c] for c in range(3)], 1)
    torch.testing.assert_close(normalise(images), expected)


def test_without_augmentation_crops_are_only_normalised():
    crops = torch.randint(0, 256, (2, 3, 8, 8), dtype=torch.uint8)
    augment = build_augmentation(tiny_config(randaugment=None, jitter=0.0, erase=0.0))
    torch.testing.assert_close(augment(crops), normalise(crops / 255))


@pytest.mark.parametrize("changes", [{"randaugment": (2, 9)}, {"jitter": 0.4}, {"erase": 1.0}])
def test_each_augmentation_changes_the_crops_and_keeps_their_range(changes):
    crops = torch.randint(0, 256, (8, 3, 32, 32), dtype=torch.uint8)
    off = {"randaugment": None, "jitter": 0.0, "erase": 0.0}
    pixels = build_augmentation(tiny_config(**(off | changes)))(crops)
    plain = normalise(crops / 255)
    assert pixels.shape == plain.shape
    assert not torch.equal(pixels, plain)
    assert pixels.min() >= normalise(torch.zeros(1, 3, 1, 1)).min() - 1e-5
    assert pixels.max() <= normalise(torch.ones(1, 3, 1, 1)).max() + 1e-5


def test_jitter_follows_the_formula_of_each_factor(monkeypatch):
    images = torch.full((1, 3, 2, 2), 0.4)
    images[:, 0] = 0.5
    draws = torch.tensor([0.75, 0.5, 0.5]).view(3, 1, 1, 1, 1)  # brightness x 1.1, the others x 1
    monkeypatch.setattr(torch, "rand", lambda *shape, device=None: draws)
    torch.testing.assert_close(jitter(images, 0.2), images * 1.1)
    draws = torch.tensor([0.5, 0.0, 0.5]).view(3, 1, 1, 1, 1)  # saturation x 0.8
    grey = 0.299 * 0.5 + 0.587 * 0.4 + 0.114 * 0.4
    torch.testing.assert_close(jitter(images, 0.2), grey + (images - grey) * 0.8)


def test_mixup_is_the_weighted_sum_of_image_and_reverse():
    pixels, targets = torch.randn(3, 3, 4, 4), torch.eye(3)
    mixed, mixed_targets = mixup(pixels, targets, 0.75)
    torch.testing.assert_close(mixed[0], 0.75 * pixels[0] + 0.25 * pixels[2])
    torch.testing.assert_close(mixed_targets[0], torch.tensor([0.75, 0.0, 0.25]))


def test_cutmix_targets_are_the_share_of_pixels():
    pixels = torch.arange(4.0).view(4, 1, 1, 1).expand(4, 3, 10, 12)
    for _ in range(20):
        mixed, targets = cutmix(pixels, torch.eye(4), float(torch.rand(())))
        own = (mixed[1] == 1).float().mean()
        torch.testing.assert_close(targets[1, 1], own)
        torch.testing.assert_close(targets[1, 2], 1 - own)


def test_mixing_happens_by_chance_and_conserves_probability():
    pixels, targets = torch.randn(4, 3, 8, 8), smooth_targets(torch.arange(4), 5, 0.1)
    never, _ = mix(pixels, targets, tiny_config(mix_probability=0.0))
    assert torch.equal(never, pixels)
    untouched, _ = mix(pixels, targets, tiny_config(mixup=0.0, cutmix=0.0))
    assert torch.equal(untouched, pixels)
    mixed = [mix(pixels, targets, tiny_config(mix_probability=0.5)) for _ in range(40)]
    changed = sum(not torch.equal(images, pixels) for images, _ in mixed)
    assert 8 < changed < 32
    for _, soft in mixed:
        torch.testing.assert_close(soft.sum(1), torch.ones(4))


def test_smooth_targets_match_the_loss_of_pytorch():
    logits, labels = torch.randn(6, 5), torch.randint(5, (6,))
    ours = torch.nn.functional.cross_entropy(logits, smooth_targets(labels, 5, 0.1))
    torch.testing.assert_close(ours, torch.nn.functional.cross_entropy(logits, labels, label_smoothing=0.1))
