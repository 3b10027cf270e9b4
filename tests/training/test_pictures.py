import numpy as np
import pytest
import torch
import torch.nn.functional as F

from training.cache import ImageCache
from training.crops import crop_boxes, generator
from training.pictures import PicturesOnCPU, PicturesOnDevice, resampling, resize

HEIGHTS, WIDTHS = np.array([60, 100, 40, 224]), np.array([90, 50, 64, 300])


def cache():
    pixels = generator(0).integers(0, 256, (int((HEIGHTS * WIDTHS).sum()), 3), np.uint8)
    return ImageCache(pixels, HEIGHTS, WIDTHS, np.zeros(4, np.int64), ("a",), ())


def batch():
    chosen = np.array([3, 0, 2, 1, 3])
    boxes = crop_boxes(HEIGHTS[chosen], WIDTHS[chosen], (0.1, 1), (3 / 4, 4 / 3), generator(2))
    return chosen, boxes, np.array([True, False, True, False, False])


def plain_crop(chosen, box, flip, size):
    """Return a crop by slicing one picture and PyTorch's own resize in floats."""
    top, left, height, width = box
    part = torch.from_numpy(cache().picture(chosen)[top : top + height, left : left + width].copy())
    part = part.permute(2, 0, 1)[None].float()
    crop = F.interpolate(part, (size, size), mode="bicubic", antialias=True, align_corners=False)[0].clamp(0, 255)
    return crop.flip(-1) if flip else crop


@pytest.mark.parametrize("size", [32, 64, 128])
def test_a_batch_cut_by_matrix_products_is_a_slice_and_a_resize(size):
    parts = batch()
    crops = PicturesOnDevice(cache(), torch.device("cpu")).crops(*parts, size)
    expected = torch.stack([plain_crop(*one, size) for one in zip(*parts, strict=True)])
    assert torch.equal(crops, crops.round())
    assert (crops - expected).abs().max() <= 0.501  # rounded to whole values


def test_crops_one_by_one_are_a_slice_and_a_resize_in_bytes():
    parts = batch()
    crops = PicturesOnCPU(cache()).crops(*parts, 48)
    assert crops.dtype == torch.uint8
    expected = torch.stack([plain_crop(*one, 48) for one in zip(*parts, strict=True)])
    # Bytes are cut to 0 to 255 after each axis, which noise like this makes visible; most values do not reach that.
    assert ((crops - expected).abs() < 2).float().mean() > 0.8


def test_a_crop_of_its_own_size_is_copied():
    boxes, chosen, flips = np.array([[3, 5, 40, 40]]), np.array([1]), np.array([False])
    part = torch.from_numpy(cache().picture(1)[3:43, 5:45].copy()).permute(2, 0, 1)[None]
    for pictures in (PicturesOnCPU(cache()), PicturesOnDevice(cache(), torch.device("cpu"))):
        assert torch.equal(pictures.crops(chosen, boxes, flips, 40).to(torch.uint8), part)


def test_resampling_keeps_what_is_constant_and_stays_inside():
    weights = resampling(torch.tensor([30, 50]), 20, 50)
    torch.testing.assert_close(weights.sum(2), torch.ones(2, 20))
    assert not weights[0, :, 30:].any()


def test_resizing_averages_what_is_finer_than_the_new_pixels():
    rows, columns = torch.meshgrid(torch.arange(90), torch.arange(90), indexing="ij")
    board = (255 * ((rows + columns) % 2)).to(torch.uint8).expand(2, 3, 90, 90)
    small = resize(board, 30)
    assert small.dtype == torch.uint8
    assert (small.float() - 127.5).abs().max() < 20
    assert resize(board, 90) is board
