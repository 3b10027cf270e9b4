"""Effective receptive fields: against differences of the model, theoretical fields, squares grown pixel by pixel."""

import numpy as np
import pytest
import torch

from analysis.backbones import load_backbone
from analysis.faithfulness.receptive_field import LEVELS, ReceptiveField, field_table, receptive_fields, rollout_fields
from analysis.relevance.footprint import Footprints
from analysis.relevance.rollout import rollout
from stvit import BlockId, capture
from tests.support.tiny import tiny_model, tiny_pixels
from tests.support.tiny_backbones import saved, tiny_network


def grown(pixels, row, column, level):
    """Smallest odd square around a pixel that holds a share, pixel by pixel: its side and the pixels inside."""
    for reach in range(max(pixels.shape)):
        rows = slice(max(0, row - reach), row + reach + 1)
        columns = slice(max(0, column - reach), column + reach + 1)
        if pixels[rows, columns].sum() >= level * pixels.sum() - 1e-12:
            return 2 * reach + 1, pixels[rows, columns].size
    raise AssertionError


def test_squares_hold_their_share():
    pixels = np.random.default_rng(0).random((9, 13)) ** 4
    field = ReceptiveField(BlockId(0, 0), (3, 5), (3.5, 5.5), pixels / pixels.sum())
    for level in LEVELS:
        side, count = grown(pixels, 3, 5, level)
        assert field.side(level) == side
        assert field.area(level) == pytest.approx(count / pixels.size)


def test_areas_of_known_maps():
    even = ReceptiveField(BlockId(0, 0), (0, 0), (8.0, 8.0), np.full((16, 16), 1 / 256))
    assert even.side(0.25) == 8
    assert even.area(0.25) == 0.25
    assert even.area(0.99) == 1
    single = np.zeros((16, 16))
    single[7, 7] = 1
    assert ReceptiveField(BlockId(0, 0), (0, 0), (8.0, 8.0), single).side(0.99) == 2
    nothing = ReceptiveField(BlockId(0, 0), (0, 0), (8.0, 8.0), np.zeros((16, 16)))
    assert np.isnan(nothing.side(0.5))


def test_gradients_are_differences_of_the_block():
    model = tiny_model(torch.float64, detach_association=False)
    pixels = tiny_pixels(1, 64, 64, torch.float64)
    found = receptive_fields(model, pixels)
    block, step = BlockId(1, 0), 1e-6
    outputs = []
    handle = model.blocks()[block].register_forward_hook(lambda *args: outputs.append(args[2]))

    def slope(channel, row, column):
        for sign in (1, -1):
            nudged = pixels.clone()
            nudged[0, channel, row, column] += sign * step
            with torch.no_grad():
                model(nudged)
        more, less = (output[0, :, 3, 3].sum() for output in outputs[-2:])
        return float(abs(more - less) / (2 * step))

    sums = {place: sum(slope(channel, *place) for channel in range(3)) for place in ((27, 30), (20, 41), (30, 28))}
    handle.remove()
    shares = found[block].pixels
    assert shares.sum() == pytest.approx(1)
    assert shares[27, 30] / shares[20, 41] == pytest.approx(sums[27, 30] / sums[20, 41], rel=1e-4)
    assert shares[27, 30] / shares[30, 28] == pytest.approx(sums[27, 30] / sums[30, 28], rel=1e-4)


def test_nothing_outside_the_theoretical_field_counts():
    model = tiny_model(mixers=("conv", "super", "super", "super"))
    field = receptive_fields(model, tiny_pixels(1, 192, 192))[BlockId(0, 0)]
    assert field.token == (23, 23)
    assert field.centre == (94.0, 94.0)
    # The stem sees a few pixels; CPE, mixer and ConvFFN add at most a few tokens of 4 px on each side.
    assert 9 <= field.side(0.99) <= 2 * 4 * 8
    assert field.pixels[:40].sum() == 0
    assert field.pixels[:, 150:].sum() == 0


def test_global_attention_reaches_the_whole_picture():
    fields = receptive_fields(tiny_model(), tiny_pixels(2, 64, 96))
    assert (fields[BlockId(2, 0)].pixels > 0).all()
    assert fields[BlockId(0, 0)].pixels.shape == (64, 96)
    assert list(fields) == list(tiny_model().blocks())


def test_rollout_footprints_are_measured_alike():
    model, pixels = tiny_model(), tiny_pixels(1, 64, 96)
    cap = capture(model, pixels)
    told = []
    found = rollout_fields(model, cap, lambda done, total, words: told.append((done, total)))
    record = cap[BlockId(1, 0)]
    expected = rollout(cap, Footprints.of(model), BlockId(1, 0), record.grid.token(3, 5)).pixels.double().numpy()
    np.testing.assert_allclose(found[BlockId(1, 0)].pixels, expected / expected.sum())
    assert told[-1] == (len(cap), len(cap))
    table = field_table({"gradient": receptive_fields(model, pixels), "rollout": found})
    assert len(table) == 2 * len(cap) * len(LEVELS)
    assert table["area"].between(0, 1).all()
    ordered = table.pivot_table(index=["kind", "stage", "block"], columns="level", values="side")
    assert (ordered.diff(axis=1).iloc[:, 1:] >= 0).all(axis=None)


@pytest.mark.parametrize("kind", ["vit", "dinov2_with_registers", "swin", "swinv2"])
def test_backbones_have_receptive_fields_too(kind, tmp_path):
    backbone = load_backbone(saved(tiny_network(kind), tmp_path))
    pixels = torch.randn(1, 3, 32, 32)
    fields = receptive_fields(backbone, pixels)
    assert list(fields) == list(backbone.blocks())
    first, last = fields[backbone.blocks()[0]], fields[backbone.blocks()[-1]]
    side = backbone.patch * 2**last.block.stage
    assert last.token == ((32 // side - 1) // 2,) * 2
    hidden = []
    handle = backbone.layers()[first.block].register_forward_hook(lambda *args: hidden.append(args[2]))
    row, column = first.token
    width, height, channel = 32 // backbone.patch, 5, 1
    step, sums = 1e-2, {}
    for place in ((height, 6), (14, 13)):
        ends = []
        for sign in (1, -1):
            nudged = pixels.clone()
            nudged[0, channel, place[0], place[1]] += sign * step
            backbone.run(nudged)
            tokens = hidden[-1] if isinstance(hidden[-1], torch.Tensor) else hidden[-1][0]
            ends.append(tokens[0, -width * width :][row * width + column].sum().item())
        sums[place] = abs(ends[0] - ends[1]) / (2 * step)
    handle.remove()
    assert first.pixels.sum() == pytest.approx(1)
    expected = _channel_slopes(backbone, pixels, first, channel)
    for place, value in sums.items():
        assert expected[place].item() == pytest.approx(value, rel=0.05, abs=2e-3)


def _channel_slopes(backbone, pixels, field, channel):
    """Gradient of the token by one colour channel, from a run of its own."""
    wanted = pixels.clone().requires_grad_()
    kept = []
    handle = backbone.layers()[field.block].register_forward_hook(lambda *args: kept.append(args[2]))
    backbone.run(wanted)
    handle.remove()
    tokens = kept[0] if isinstance(kept[0], torch.Tensor) else kept[0][0]
    width = 32 // backbone.patch
    number = field.token[0] * width + field.token[1]
    (slope,) = torch.autograd.grad(tokens[0, -width * width :][number].sum(), wanted)
    share = slope.abs().mean((0, 1)).double().numpy()
    np.testing.assert_allclose(field.pixels, share / share.sum(), atol=1e-6)
    return slope[0, channel].abs()
