"""Sides of a comparison: the same spot on every grid, blocks by depth, maps in one unit, differences, predictions."""

import json
from dataclasses import replace
from math import log10

import numpy as np
import pytest

from analysis import ledger
from analysis.backbones import load_backbone
from analysis.compare.maps import difference, kernel_row, spot_map
from analysis.compare.measured import joined, measured, of_block
from analysis.compare.scale import in_decades
from analysis.compare.side import Side, distinct_titles
from analysis.compare.spot import Spot, centres, spot_of, token_at, tokens_under
from stvit import BlockId, TokenGrid, capture, create_model
from stvit.images import prepare
from tests.support.tiny_backbones import saved, tiny_network


@pytest.fixture(scope="module")
def picture():
    return np.random.default_rng(0).integers(0, 256, (90, 140, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def stvit_side(picture):
    prepared = prepare(picture, 64)
    return Side("demo", prepared, capture(create_model("stvit_demo", seed=0), prepared.pixels), list("abcdefghij"))


@pytest.fixture(scope="module")
def conv_side(picture):
    prepared = prepare(picture, 64, "whole")
    return Side("conv", prepared, capture(create_model("twin_conv", seed=0).eval(), prepared.pixels))


@pytest.fixture(scope="module")
def vit_side(picture, tmp_path_factory):
    """A ViT that stretches the picture to 42 x 42 and has tokens of 14 px."""
    folder = saved(tiny_network("dinov2", patch_size=14), tmp_path_factory.mktemp("vit"))
    settings = {"size": {"height": 42, "width": 42}, "resample": 2, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    backbone = load_backbone(folder)
    prepared = backbone.prepare(picture)
    return Side("vit", prepared, backbone.capture(prepared.pixels), backbone.class_names)


@pytest.mark.parametrize("name", ["stvit_side", "conv_side", "vit_side"])
def test_a_spot_is_the_same_place_of_the_picture_on_every_side(name, request):
    side = request.getfixturevalue(name)
    for record in side.capture.values():
        for token in range(record.grid.num_tokens):
            row, column = record.grid.position(token)
            spot = spot_of(side.picture, record.grid, record.token_pixels, row, column)
            top, left, bottom, right = side.picture.token_box(record.grid, token)  # on the original, 90 x 140
            assert spot.down * 90 == pytest.approx((top + bottom) / 2)
            assert spot.across * 140 == pytest.approx((left + right) / 2)
            assert token_at(side.picture, record.grid, record.token_pixels, spot) == (row, column)


def test_a_spot_outside_the_crop_is_its_nearest_token(stvit_side):
    grid = TokenGrid(16, 16)
    assert token_at(stvit_side.picture, grid, 4, Spot(0.0, 0.0)) == (0, 0)
    assert token_at(stvit_side.picture, grid, 4, Spot(1.0, 0.5))[0] == 15
    down, across = np.array([[0.0, 0.5]]), np.array([[0.0, 0.5]])
    _, _, seen = tokens_under(stvit_side.picture, grid, 4, down, across)
    assert seen.tolist() == [[False, True]]


def test_tokens_that_reach_over_the_edge_count_with_the_part_inside(picture):
    seen = prepare(picture, (66, 66))
    down, _ = centres(seen, TokenGrid(3, 3), 32)
    framing = seen.framing
    np.testing.assert_allclose(down[:, 0] * framing.resized[0] - framing.corner[0], [16, 48, 65])


def test_blocks_are_chosen_by_relative_depth(stvit_side, vit_side):
    assert list(vit_side.depths().values()) == [0.25, 0.75]
    assert [vit_side.record_at(depth).id.block for depth in (0.0, 0.5, 0.51, 1.0)] == [0, 0, 1, 1]
    blocks = list(stvit_side.capture)
    for index, block in enumerate(blocks):
        assert stvit_side.depths()[block] == (index + 0.5) / len(blocks)
        assert stvit_side.record_at((index + 0.5) / len(blocks)).id == block


@pytest.mark.parametrize("name", ["stvit_side", "vit_side"])
def test_a_map_is_the_row_of_the_token_in_times_uniform(name, request):
    side = request.getfixturevalue(name)
    found = spot_map(side, 0.1, Spot(0.4, 0.6))
    record = side.record_at(0.1)
    token = record.grid.token(*token_at(side.picture, record.grid, record.token_pixels, Spot(0.4, 0.6)))
    dense = record.token_attention().to_dense().mean(0)[token].double().numpy()
    np.testing.assert_allclose(found.times.ravel(), dense * record.grid.num_tokens, rtol=1e-4, atol=1e-9)
    assert found.kept == pytest.approx(dense.sum(), rel=1e-5)
    share = dense / dense.sum()
    assert found.entropy == pytest.approx(-(share * np.log(share)).sum(), rel=1e-5)
    assert found.is_attention


def test_a_convolution_is_drawn_by_the_size_of_its_weights(conv_side):
    found = spot_map(conv_side, 0.0, Spot(0.0, 0.5))
    kernel, grid = found.record.kernel, found.record.grid
    expected, total = np.zeros((grid.height, grid.width)), kernel.abs().mean(0).sum().item()
    for down in range(-2, 3):
        for across in range(-2, 3):
            row, column = found.row + down, found.column + across
            if 0 <= row < grid.height and 0 <= column < grid.width:
                expected[row, column] = kernel[:, down + 2, across + 2].abs().mean().item() / total
    np.testing.assert_allclose(found.times, expected * grid.num_tokens, rtol=1e-5)
    assert (found.row, found.is_attention) == (0, False)
    assert found.kept < 0.9  # part of the kernel lies outside
    for same in (kernel, kernel.bfloat16()):  # a share is not rounded to the precision of the weights
        assert kernel_row(same, TokenGrid(9, 9), 40).double().sum().item() == pytest.approx(1, abs=1e-6)


def test_a_difference_is_counted_spot_by_spot(stvit_side, vit_side):
    first, second = (spot_map(side, 0.1, Spot(0.5, 0.5)) for side in (vit_side, stvit_side))
    found = difference(first, second)
    assert (found.on, found.decades.shape) == (stvit_side, (16, 16))  # the finer grid
    for row in range(16):
        for column in range(16):
            spot = spot_of(stvit_side.picture, second.record.grid, 4, row, column)
            other = first.times[token_at(vit_side.picture, first.record.grid, 14, spot)]
            ends = [log10(min(max(value, 0.01), 100)) for value in (second.times[row, column], other)]
            assert found.decades[row, column] == pytest.approx(ends[0] - ends[1])
    np.testing.assert_allclose(difference(second, first).decades, -found.decades)
    cropped = difference(second, second).decades
    assert (cropped == 0).all()


def test_what_the_other_model_does_not_see_is_left_clear(stvit_side, conv_side):
    whole, crop = spot_map(conv_side, 0.5, Spot(0.5, 0.5)), spot_map(stvit_side, 0.5, Spot(0.5, 0.5))
    found = difference(crop, whole)
    assert found.on is conv_side
    assert np.isnan(found.decades[:, 0]).all()
    assert not np.isnan(found.decades).all()


def test_the_bar_is_that_of_the_explorer():
    times = np.array([[1e-9, 0.01, 0.1, 1.0, 50.0, 1e9]])
    levels = (in_decades(times) + 2) / 4  # of scale.js: MIDDLE + log10(value / uniform) / DECADES, cut off at the ends
    np.testing.assert_allclose(levels, [[0, 0, 0.25, 0.5, 0.5 + log10(50) / 4, 1]])


def test_metrics_are_those_of_the_ledger(stvit_side, conv_side):
    sides = [stvit_side, conv_side]
    table = joined([measured(side, ("entropy", "token_cosine"), anchors=None) for side in sides])
    for side in sides:
        own = table[table["model"] == side.title]
        expected = ledger(side.capture, ("super",), ("entropy", "token_cosine"))
        np.testing.assert_array_equal(own["value"], expected["value"])
        assert set(own["depth"]) == set(side.depths().values())
    heads = table[(table.model == "demo") & (table.stage == 1) & (table.block == 0) & (table.metric == "entropy")]
    assert of_block(table, "demo", BlockId(1, 0)) == {"entropy": pytest.approx(heads["value"].mean())}
    assert of_block(table, "conv", BlockId(0, 0)) == {}  # its cosine of tokens is no attention


def test_a_sample_is_near_the_whole(stvit_side):
    exact, sample = (measured(stvit_side, ("entropy",), anchors=anchors) for anchors in (None, 64))
    assert sample["stderr"].notna().any()
    assert (sample["value"] - exact["value"]).abs().max() < 0.2


def test_predictions_and_titles(stvit_side, vit_side):
    share = stvit_side.capture.logits[0].softmax(-1)
    best = int(share.argmax())
    assert stvit_side.top_classes(2)[0] == ("abcdefghij"[best], pytest.approx(share[best].item()))
    assert len(vit_side.top_classes(5)) == 3
    narrow = replace(stvit_side.capture, logits=stvit_side.capture.logits.bfloat16())
    shares = dict(replace(stvit_side, capture=narrow).top_classes(10)).values()
    assert sum(shares) == pytest.approx(1, abs=1e-9)  # of half precision, probabilities would be rounded
    headless = replace(stvit_side, classifies=False)
    assert headless.top_classes(3) == []
    assert distinct_titles(["a", "a", "a (2)", "a"]) == ["a", "a (2)", "a (2) (2)", "a (3)"]
