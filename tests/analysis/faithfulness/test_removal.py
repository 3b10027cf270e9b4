"""Replaced pixels and tokens: against pictures changed by hand."""

import numpy as np
import pytest
import torch

from analysis.faithfulness.groups import groups_from, groups_of
from analysis.faithfulness.orders import gradient_times_input, group_relevance, pixel_relevance
from analysis.faithfulness.removal import answer_with, blurred
from stvit import BlockId, capture
from tests.support.tiny import tiny_model, tiny_pixels


@pytest.fixture(scope="module")
def model():
    return tiny_model(torch.float64)


@pytest.fixture(scope="module")
def pixels():
    """Pixels whose channels have different means."""
    return tiny_pixels(1, 64, 96, torch.float64) + torch.tensor([1.0, 0.0, -2.0])[:, None, None]


def some_pixels():
    removed = torch.zeros(2, 64, 96, dtype=torch.bool)
    removed[0, :32, :40] = True
    return removed


def test_mean_colour_replaces_what_is_removed(model, pixels):
    changed = pixels.clone()
    for channel in range(3):
        changed[0, channel, :32, :40] = pixels[0, channel].mean()
    found = answer_with(model, pixels, "mean")(some_pixels())
    with torch.no_grad():
        torch.testing.assert_close(found, torch.cat([model(changed), model(pixels)]), rtol=1e-9, atol=1e-12)


def test_blur_replaces_what_is_removed(model, pixels):
    changed = pixels.clone()
    changed[..., :32, :40] = blurred(pixels)[..., :32, :40]
    found = answer_with(model, pixels, "blur")(some_pixels())
    with torch.no_grad():
        torch.testing.assert_close(found[:1], model(changed), rtol=1e-9, atol=1e-12)


def test_blur_is_a_gaussian(pixels):
    dot = torch.zeros(1, 3, 65, 65, dtype=torch.float64)
    dot[..., 32, 32] = 1
    found = blurred(dot)[0, 0].numpy()
    sigma = 10 / 224 * 65
    distance = np.hypot(*np.meshgrid(np.arange(65) - 32, np.arange(65) - 32))
    expected = np.exp(-(distance**2) / (2 * sigma**2))
    np.testing.assert_allclose(found / found.max(), expected, atol=2e-3)
    assert found.sum() == pytest.approx(1, abs=1e-4)


def test_mean_token_replaces_what_is_removed(model, pixels):
    with torch.no_grad():
        tokens = model.stem(pixels)
        changed = tokens.clone()
        changed[..., :8, :10] = tokens.mean((2, 3), keepdim=True)
        expected = model.classifier(model.projection(model.stages(changed)).mean((2, 3)))
    found = answer_with(model, pixels, "token")(some_pixels())
    torch.testing.assert_close(found[:1], expected, rtol=1e-9, atol=1e-12)
    assert not model.stem._forward_hooks


@pytest.mark.usefixtures("unchecked")
def test_unknown_replacements_and_batches_are_refused(model, pixels):
    with pytest.raises(ValueError, match="no replacement 'noise'; known are mean, blur, token"):
        answer_with(model, pixels, "noise")
    with pytest.raises(ValueError, match="Expected one image, got 2"):
        answer_with(model, pixels.expand(2, -1, -1, -1), "mean")


def test_groups_come_at_equal_count(model, pixels):
    cap = capture(model, pixels)
    shown = np.random.default_rng(0).integers(0, 255, (64, 96, 3), dtype=np.uint8)
    record = cap[BlockId(0, 0)]
    found = groups_of(record, shown, ["super", "slic", "grid", "random"])
    by_method = {groups.method: groups for groups in found}
    used = len(np.unique(record.labels()[0].numpy()))
    assert by_method["super"].count == by_method["random"].count == used
    assert by_method["grid"].count == record.grid.num_super_tokens
    for groups in found:
        assert groups.labels.shape == (64, 96)
        assert sorted(np.unique(groups.labels)) == list(range(groups.count))
        assert groups.areas.sum() == pytest.approx(1)


def test_blocks_without_super_tokens_offer_other_groups(model, pixels):
    record = capture(model, pixels)[BlockId(3, 0)]
    shown = np.zeros((64, 96, 3), np.uint8)
    assert groups_of(record, shown, ["grid"])[0].count == 6  # cells of 32 px
    with pytest.raises(ValueError, match="has no super tokens"):
        groups_of(record, shown, ["super"])


def test_gradient_times_input_is_the_slope_along_each_pixel():
    model = tiny_model(torch.float64, detach_association=False)  # differences see the association, too
    pixels = tiny_pixels(1, 32, 32, torch.float64)
    found = gradient_times_input(model, pixels, 2)
    row, column, step = 11, 20, 1e-6
    expected = 0.0
    with torch.no_grad():
        for channel in range(3):
            nudged = [pixels.clone(), pixels.clone()]
            nudged[0][0, channel, row, column] += step
            nudged[1][0, channel, row, column] -= step
            slope = (model(nudged[0])[0, 2] - model(nudged[1])[0, 2]) / (2 * step)
            expected += abs(float(slope * pixels[0, channel, row, column]))
    assert found[row, column] == pytest.approx(expected, rel=1e-4)


def test_groups_sum_the_relevance_of_their_pixels(model, pixels):
    cap = capture(model, pixels)
    shown = np.zeros((64, 96, 3), np.uint8)
    groups = groups_from("grid", "Grid", np.arange(6).reshape(2, 3), shown)
    maps = pixel_relevance(model, cap, pixels, 1, ["class_rollout", "rollout", "gradient", "random", "greedy"])
    assert list(maps) == ["class_rollout", "rollout", "gradient"]
    found = group_relevance(maps, groups)
    assert found["rollout"][4] == pytest.approx(maps["rollout"][32:, 32:64].sum())
    assert found["rollout"].sum() == pytest.approx(1, abs=1e-5)
    with pytest.raises(ValueError, match="no order 'best'"):
        pixel_relevance(model, cap, pixels, 1, ["best"])
