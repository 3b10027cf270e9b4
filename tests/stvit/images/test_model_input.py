"""Preparing a picture and finding tokens on it: hand calculations, torch's own resampling, painted pictures."""

import math

import numpy as np
import pytest
import torch
from PIL import Image

from stvit.grid import TokenGrid
from stvit.images import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    ImageError,
    denormalise,
    load_image,
    prepare,
    published_crop_fraction,
)
from stvit.images.framing import Framing, crop_framing, whole_framing


def ramps(height: int, width: int) -> np.ndarray:
    """A picture whose red rises from top to bottom and green from left to right, blue is noise."""
    picture = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    picture[..., 0] = np.linspace(0, 255, height)[:, None]
    picture[..., 1] = np.linspace(0, 255, width)
    return picture


def grid_of(prepared, stride: int) -> TokenGrid:
    """The grid that a stage lays over a prepared picture."""
    return TokenGrid(*(math.ceil(side / stride) for side in prepared.framing.size))


# Resized and corner by hand: the short side becomes floor(size / fraction), the long side is cut off, the corner
# is half of what is over, rounded half to even.
HAND = [
    ((300, 451), (224, 224), 0.875, (256, 384), (16, 80)),  # 256 * 451 / 300 = 384.85
    ((451, 300), (224, 224), 0.875, (384, 256), (80, 16)),
    ((300, 400), (224, 224), 0.875, (256, 341), (16, 58)),  # 117 / 2 = 58.5 -> 58
    ((300, 402), (224, 224), 0.875, (256, 343), (16, 60)),  # 119 / 2 = 59.5 -> 60
    ((402, 300), (224, 224), 0.875, (343, 256), (60, 16)),
    ((256, 256), (224, 224), 0.875, (256, 256), (16, 16)),
    ((40, 50), (224, 224), 0.875, (256, 320), (16, 48)),  # a small picture is enlarged
    ((480, 640), (384, 384), 0.875, (438, 584), (27, 100)),  # 384 / 0.875 = 438.86
    ((480, 640), (384, 384), 1.0, (384, 512), (0, 64)),
    ((100, 400), (224, 448), 0.875, (256, 1024), (16, 288)),  # height decides
    ((400, 100), (224, 448), 0.875, (2048, 512), (912, 32)),  # width decides
    ((100, 200), (64, 128), 1.0, (64, 128), (0, 0)),
]


@pytest.mark.parametrize(("original", "size", "fraction", "resized", "corner"), HAND)
def test_crop_framing_by_hand(original, size, fraction, resized, corner):
    assert crop_framing(original, size, fraction) == Framing(original, resized, corner, size)


@pytest.mark.parametrize(
    ("original", "short", "size"),
    [
        ((300, 451), 224, (224, 352)),  # 224 * 451 / 300 = 336.7; 336 lies half-way, 336.7 above it
        ((451, 300), 224, (352, 224)),
        ((300, 300), 230, (224, 224)),
        ((300, 300), 240, (256, 256)),  # half up
        ((100, 149), 32, (32, 32)),  # 47.68
        ((100, 150), 32, (32, 64)),  # 48
        ((32, 256), 2048, (2048, 16384)),
    ],
)
def test_whole_framing_by_hand(original, short, size):
    assert whole_framing(original, short) == Framing(original, size, (0, 0), size)


def test_the_crop_always_fits_and_the_whole_picture_is_a_multiple_of_32():
    random = np.random.default_rng(0)
    for _ in range(300):
        original = tuple(int(side) for side in random.integers(32, 3000, 2))
        size = tuple(int(side) for side in random.integers(32, 700, 2))
        framing = crop_framing(original, size, 0.875)
        for axis in (0, 1):
            assert 0 <= framing.corner[axis] <= framing.resized[axis] - size[axis]
        assert any(framing.resized[axis] == math.floor(size[axis] / 0.875) for axis in (0, 1))
        whole = whole_framing(original, size[0])
        assert whole.size[0] % 32 == whole.size[1] % 32 == 0
        stretch = whole.size[0] / original[0] * original[1]
        assert abs(whole.size[1] - stretch) <= 16 * max(1, original[1] / original[0])


def test_published_crop_fraction_is_that_of_the_released_evaluation():
    assert [published_crop_fraction(size) for size in (160, 224, 225, 384)] == [0.875, 0.875, 1, 1]
    picture = ramps(300, 400)
    assert prepare(picture).framing.resized == (256, 341)
    assert prepare(picture, 384).framing.resized == (384, 512)
    assert prepare(picture, 384, crop_fraction=0.875).framing.resized == (438, 584)
    assert prepare(picture, (224, 225)).framing.resized == (224, 298)


@pytest.mark.parametrize(("shape", "size", "mode"), [((300, 451), 224, "crop"), ((90, 70), 160, "whole")])
def test_resampling_is_antialiased_bicubic(shape, size, mode):
    picture = 64 + ramps(*shape) // 2  # Between its passes Pillow cuts off what overshoots; leave room for it.
    prepared = prepare(picture, size, mode)
    resized = torch.nn.functional.interpolate(
        torch.from_numpy(picture).permute(2, 0, 1)[None].double(),
        prepared.framing.resized,
        mode="bicubic",
        antialias=True,
    )
    top, left = prepared.framing.corner
    height, width = prepared.framing.size
    expected = resized[0, :, top : top + height, left : left + width].permute(1, 2, 0).clamp(0, 255).numpy()
    # Pillow rounds to 8 bits after each of its two passes.
    assert np.abs(prepared.shown - expected).max() <= 1.5


def test_pixels_are_shown_normalised_with_imagenet():
    prepared = prepare(ramps(64, 80), (64, 96))
    assert prepared.pixels.shape == (1, 3, 64, 96)
    assert prepared.pixels.dtype == torch.float32
    assert prepared.pixels.is_contiguous()
    assert prepared.shown.shape == (64, 96, 3)
    for channel in range(3):
        expected = (prepared.shown[..., channel] / 255 - IMAGENET_MEAN[channel]) / IMAGENET_STD[channel]
        np.testing.assert_allclose(prepared.pixels[0, channel].numpy(), expected, atol=1e-6)
    with pytest.raises(ValueError, match="read-only"):
        prepared.shown[0, 0, 0] = 1


def test_what_the_crop_shows_is_the_middle_of_the_picture():
    picture = ramps(256, 256)
    prepared = prepare(picture, 224)
    assert np.array_equal(prepared.shown, picture[16:240, 16:240])
    assert prepared.framing.box == (16, 16, 240, 240)


def test_denormalise_gives_back_what_was_shown():
    prepared = prepare(ramps(300, 400), 96)
    shown = denormalise(prepared.pixels)
    assert shown.dtype == np.uint8
    assert np.array_equal(shown[0], prepared.shown)
    assert np.array_equal(denormalise(prepared.pixels[0]), prepared.shown)
    assert np.array_equal(denormalise(prepared.pixels.repeat(2, 1, 1, 1).requires_grad_())[1], prepared.shown)
    bright = denormalise(torch.full((3, 2, 2), 100.0))
    dark = denormalise(torch.full((3, 2, 2), -100.0))
    assert (bright == 255).all()
    assert (dark == 0).all()


CASES = [
    ((300, 451), 224, "crop"),
    ((451, 300), 230, "crop"),  # strides do not divide 230
    ((40, 70), (100, 130), "crop"),
    ((300, 451), 96, "whole"),
    ((33, 200), 32, "whole"),
]


@pytest.mark.parametrize("stride", [4, 8, 16, 32])
@pytest.mark.parametrize(("shape", "size", "mode"), CASES)
def test_boxes_and_tokens_are_inverse(shape, size, mode, stride):
    prepared = prepare(ramps(*shape), size, mode)
    grid = grid_of(prepared, stride)
    for token in range(grid.num_tokens):
        top, left, bottom, right = prepared.token_box(grid, token)
        assert prepared.token_at(grid, (top + bottom) / 2, (left + right) / 2) == token
        assert prepared.token_at(grid, top, left) == token
        assert prepared.token_at(grid, bottom - 1e-3, right - 1e-3) == token


@pytest.mark.parametrize("stride", [4, 8, 16, 32])
@pytest.mark.parametrize(("shape", "size", "mode"), CASES)
def test_boxes_tile_what_the_model_sees(shape, size, mode, stride):
    prepared = prepare(ramps(*shape), size, mode)
    grid = grid_of(prepared, stride)
    boxes = np.array([prepared.token_box(grid, token) for token in range(grid.num_tokens)])
    boxes = boxes.reshape(grid.height, grid.width, 4)
    seen = prepared.framing.box
    np.testing.assert_allclose((*boxes[0, 0, :2], *boxes[-1, -1, 2:]), seen)
    np.testing.assert_allclose(boxes[1:, :, 0], boxes[:-1, :, 2])
    np.testing.assert_allclose(boxes[:, 1:, 1], boxes[:, :-1, 3])
    assert 0 <= seen[0] < seen[2] <= shape[0] + 1e-9
    assert 0 <= seen[1] < seen[3] <= shape[1] + 1e-9


def test_corner_boxes_by_hand():
    # 300 x 451 -> 256 x 384, of which rows 16 to 240 and columns 80 to 304.
    prepared = prepare(ramps(300, 451), 224)
    tall, wide = 300 / 256, 451 / 384
    grid = TokenGrid(14, 14, 1)
    np.testing.assert_allclose(prepared.token_box(grid, 0), (16 * tall, 80 * wide, 32 * tall, 96 * wide))
    np.testing.assert_allclose(prepared.token_box(grid, 195), (224 * tall, 288 * wide, 240 * tall, 304 * wide))
    # 230 is 28 tokens of 8 pixels and one of 6.
    prepared = prepare(ramps(230, 230), 230, crop_fraction=1)
    grid = TokenGrid(29, 29, 4)
    assert prepared.token_box(grid, 29 * 29 - 1) == (224, 224, 230, 230)


def test_positions_outside_the_crop_have_no_token():
    prepared = prepare(ramps(256, 256), 224)
    grid = TokenGrid(56, 56, 8)
    assert prepared.token_at(grid, 16, 16) == 0
    assert prepared.token_at(grid, 239.9, 239.9) == 56 * 56 - 1
    for y, x in ((15.9, 100), (100, 15.9), (240, 100), (100, 240), (-1, 100), (100, 300)):
        assert prepared.token_at(grid, y, x) is None
    whole = prepare(ramps(256, 256), 224, "whole")
    assert whole.token_at(grid, 0, 0) == 0
    assert whole.token_at(grid, 255.9, 255.9) == 56 * 56 - 1
    for y, x in ((-0.1, 5), (5, -0.1), (256, 5), (5, 256), (1e9, 5), (float("nan"), 5), (5, float("inf"))):
        assert whole.token_at(grid, y, x) is None


@pytest.mark.parametrize(("shape", "size", "mode"), CASES)
def test_a_token_shows_what_lies_in_its_box(shape, size, mode):
    picture = ramps(*shape)
    prepared = prepare(picture, size, mode)
    grid = grid_of(prepared, 32)
    per_pixel = max(255 / shape[0], 255 / shape[1])
    for token in range(grid.num_tokens):
        row, column = grid.position(token)
        seen = prepared.shown[row * 32 : (row + 1) * 32, column * 32 : (column + 1) * 32, :2].mean(axis=(0, 1))
        top, left, bottom, right = prepared.token_box(grid, token)
        # On a ramp the mean of a box is its value at the centre; pixel centres lie at half coordinates.
        centre = np.array([(top + bottom) / 2 - 0.5, (left + right) / 2 - 0.5])
        expected = centre * 255 / (np.array(shape) - 1)
        assert np.abs(seen - expected).max() <= 1 + 0.2 * per_pixel


def test_a_foreign_grid_is_refused():
    prepared = prepare(ramps(64, 64), 224)
    words = r"grid of 55 x 56 tokens does not fit a picture of 224 x 224 pixels, .* 56 x 56, 28 x 28, 14 x 14, 7 x 7"
    with pytest.raises(ValueError, match=words):
        prepared.token_box(TokenGrid(55, 56), 0)
    with pytest.raises(ValueError, match=words):
        prepared.token_at(TokenGrid(55, 56), 0, 0)
    with pytest.raises(IndexError, match="Token 49 does not exist"):
        prepared.token_box(TokenGrid(7, 7), 49)


def test_every_size_tells_the_four_stages_apart():
    for side in range(32, 2049):
        assert len({math.ceil(side / stride) for stride in (4, 8, 16, 32)}) == 4


@pytest.mark.parametrize(
    "size",
    [
        31,
        2049,
        0,
        -224,
        224.5,
        224.0,
        "224",
        None,
        True,
        (224, 31),
        (224, "x"),
        float("nan"),
        np.array([224, 224]),
        "9" * 10**6,
    ],
)
@pytest.mark.parametrize("mode", ["crop", "whole"])
@pytest.mark.usefixtures("unchecked")
def test_sizes_that_are_not_sensible(size, mode):
    with pytest.raises(ValueError, match=r"^A size must be a whole number from 32 to 2048 pixels, got .*"):
        prepare(ramps(64, 64), size, mode)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (None, "got NoneType"),
        ([0.1, 0.2], "got list"),
        (torch.zeros(1, 3, 64, 64), "got Tensor"),
        (np.zeros((1, 3, 64, 64), np.float32), r"shape \(1, 3, 64, 64\) is not a picture"),
        (np.random.default_rng(0).normal(size=(64, 64, 3)), "float array must hold values from 0 to 1, got -"),
        (np.full((64, 64, 3), np.nan), "holds NaN or infinite values"),
        (".", "is a folder; choose a picture file"),
        ("", "path of the picture is empty; name a file"),
        (b"", r"empty \(0 bytes\)"),
    ],
)
def test_pictures_that_are_none(picture, words):
    with pytest.raises(ImageError, match=words):
        prepare(picture)


@pytest.mark.usefixtures("unchecked")
def test_other_requests_that_are_not_sensible():
    picture = ramps(64, 64)
    with pytest.raises(ValueError, match=r"one whole number or \(height, width\) in pixels, got \(1, 2, 3\)"):
        prepare(picture, (1, 2, 3))
    with pytest.raises(ValueError, match=r"whole number from 32 to 2048 pixels, got \(224, 224\)"):
        prepare(picture, (224, 224), "whole")
    with pytest.raises(ValueError, match='A mode is "crop" or "whole", got \'stretch\''):
        prepare(picture, 224, "stretch")
    for fraction in (0.49, 1.01, float("nan"), "0.9", [0.9], 1j):
        with pytest.raises(ValueError, match=r"crop fraction must lie between 0\.5 and 1"):
            prepare(picture, 224, "crop", fraction)
    with pytest.raises(ValueError, match='Mode "whole" crops nothing'):
        prepare(picture, 224, "whole", 0.875)
    with pytest.raises(ValueError, match="at least 32 pixels"):
        prepare(picture[:20])


def test_anything_loadable_can_be_prepared():
    picture = ramps(64, 80)
    loaded = load_image(picture)
    expected = prepare(loaded, 64)
    assert expected.source is loaded
    for source in (picture, Image.fromarray(picture)):
        assert torch.equal(prepare(source, np.int64(64)).pixels, expected.pixels)
    assert torch.equal(prepare(picture, [64, 64]).pixels, expected.pixels)
