"""Swin and Swin v2: windows, shifts, padding and position bias put back on the picture, against slow loops."""

import math

import pytest
import torch

from stvit import BlockId
from tests.support.tiny_backbones import SWINS, own_attentions
from tests.support.tolerances import assert_close

SIZES = [(32, 32), (64, 64), (40, 56), (44, 30)]
"""As trained; whole windows; padded in both stages; sides that the patch does not divide."""


def scattered(windows, record, image):
    """Put one image's windows of a model (heads, w^2, w^2) on the padded grid one token at a time."""
    size, shift = record.layout.window, record.layout.shift
    height, width = (-(-side // size) * size for side in (record.grid.height, record.grid.width))
    dense = torch.zeros(record.heads, height * width, height * width)
    columns = width // size
    for number in range(height // size * columns):
        corner = number // columns * size, number % columns * size
        places = [
            (corner[0] + row + shift) % height * width + (corner[1] + column + shift) % width
            for row in range(size)
            for column in range(size)
        ]
        for slot, token in enumerate(places):
            dense[:, token, places] = windows[image * (height // size) * columns + number][:, slot]
    inside = [row * width + column for row in range(record.grid.height) for column in range(record.grid.width)]
    return dense[:, inside][:, :, inside]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", SWINS)
def test_windows_lie_where_the_model_has_them(load, kind, size):
    backbone, pixels = load(kind), torch.randn(2, 3, *size)
    own, cap = own_attentions(backbone, pixels), backbone.capture(pixels)
    assert list(cap) == [BlockId(0, 0), BlockId(0, 1), BlockId(1, 0), BlockId(1, 1)]
    assert [record.token_pixels for record in cap.values()] == [4, 4, 8, 8]
    for record, windows in zip(cap.values(), own, strict=True):
        for image in (0, 1):
            dense = scattered(windows, record, image)
            assert_close(record.token_attention(image).to_dense(), dense)
            assert_close(record.leakage(0)[image].flatten(), 1 - dense[0].sum(-1))
    if size == (40, 56):
        assert [record.layout.shift for record in cap.values()][:2] == [0, 2]
        assert cap[BlockId(0, 0)].other_mass()["padding"].sum() > 1


def bias_of(module, kind, head, down, across, window):
    """Return the position bias of one offset (query minus key) from the weights."""
    if kind == "swin":
        row = (down + window - 1) * (2 * window - 1) + across + window - 1
        return module.relative_position_bias.relative_position_bias_table[row, head]
    offset = torch.tensor([down, across], dtype=torch.float64) / (window - 1) * 8
    placed = offset.sign() * (1 + offset.abs()).log2() / math.log2(8)
    hidden, last = module.continuous_position_bias_mlp[0], module.continuous_position_bias_mlp[2]
    return 16 * torch.sigmoid(last.weight @ (hidden.weight @ placed + hidden.bias).clamp(min=0))[head]


def explicit(module, kind, record, window, shift):
    """Return the dense masked softmax among the tokens of a padded grid from the weights, one logit at a time."""
    height, width = (-(-side // window) * window for side in (record.grid.height, record.grid.width))
    padded = torch.nn.functional.pad(
        record.tokens[0], (0, width - record.grid.width, 0, height - record.grid.height)
    ).flatten(1)
    names = ("q_proj", "k_proj") if kind == "swin" else ("query", "key")
    query, key = (getattr(module, name)(padded.T).unflatten(1, (record.heads, -1)) for name in names)
    logits = torch.full((record.heads, height * width, height * width), -torch.inf, dtype=torch.float64)
    for head in range(record.heads):
        for one in range(height * width):
            for other in range(height * width):
                at = [divmod(one, width), divmod(other, width)]
                # The first window of a shifted grid begins before the border, so floor division groups by window.
                cells = {tuple((place - shift) // window for place in position) for position in at}
                if len(cells) > 1:
                    continue
                q, k = query[one, head], key[other, head]
                if kind == "swin":
                    logit = q @ k * len(q) ** -0.5
                else:
                    largest = min(module.logit_scale[head].item(), math.log(100))
                    logit = q @ k / max(q.norm() * k.norm(), 1e-300) * math.exp(largest)
                bias = bias_of(module, kind, head, at[0][0] - at[1][0], at[0][1] - at[1][1], window)
                logits[head, one, other] = logit + bias
    inside = [row * width + column for row in range(record.grid.height) for column in range(record.grid.width)]
    return logits.softmax(-1)[:, inside][:, :, inside]


@pytest.mark.parametrize("block", [BlockId(0, 0), BlockId(0, 1)])
@pytest.mark.parametrize("kind", SWINS)
def test_attention_follows_from_the_weights(load, kind, block):
    backbone = load(kind)
    backbone.model.double()
    if kind == "swinv2":
        with torch.no_grad():
            backbone.model.swinv2.encoder.layers[0].blocks[block.block].attention.self.logit_scale[1] = (
                6  # above log 100
            )
    record = backbone.capture(torch.randn(1, 3, 20, 28).double() if kind == "swinv2" else odd_picture())[block]
    module = [part for part in backbone.model.modules() if type(part).__name__ == backbone.family.attention][
        block.block
    ]
    assert record.layout.shift == (2 if block.block else 0)
    assert record.layout.padded != (record.grid.height, record.grid.width)
    expected = explicit(module, kind, record, 4, record.layout.shift).detach()
    # Swin v2 makes the coordinates of its bias in single precision, whatever the model is in.
    assert_close(record.token_attention().to_dense(), expected, {torch.float64: 1e-12 if kind == "swin" else 1e-7})


def odd_picture():
    """Return the smallest picture with padding for a Swin, whose windows must fit into both stages."""
    return torch.randn(1, 3, 28, 36).double()


def test_a_small_picture_does_not_shrink_the_windows_of_later_ones(load):
    backbone, large = load("swin"), torch.randn(1, 3, 64, 64)
    before = backbone.capture(large)
    small = backbone.capture(torch.randn(1, 3, 32, 32))
    assert [record.layout.shift for record in small.values()] == [0, 2, 0, 0]
    after = backbone.capture(large)
    assert [record.layout.shift for record in after.values()] == [0, 2, 0, 2]
    assert after.logits.equal(before.logits)


def test_a_picture_smaller_than_the_windows_is_refused(load):
    with pytest.raises(
        ValueError, match=r"windows of 4 x 4 tokens, .* 24 x 40 pixels has only 3 x 5 .* stage 2; .* 25"
    ):
        load("swin").capture(torch.zeros(1, 3, 24, 40))
    assert len(load("swin").capture(torch.zeros(1, 3, 25, 40))) == 4


def test_there_is_no_class_token(load):
    record = load("swin").capture(torch.zeros(1, 3, 32, 32))[BlockId(0, 0)]
    with pytest.raises(ValueError, match="has no class token"):
        record.class_row()
    assert record.other_mass() == {}
    assert record.leakage().equal(torch.zeros(1, 8, 8))


@pytest.mark.parametrize("kind", SWINS)
def test_global_attention_is_without_windows_and_bias(load, kind):
    record = load(kind).capture(torch.randn(1, 3, 32, 32))[BlockId(0, 1)]
    query, key = record.token_query_key()
    expected = (query @ key.transpose(1, 2) * record.scale).softmax(-1)
    assert_close(record.global_attention().to_dense(), expected)
    assert_close(expected.sum(-1), torch.ones(2, 64), {torch.float32: 1e-5})
