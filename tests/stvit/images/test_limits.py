"""Pictures that are refused: beyond a limit, a decompression bomb, truncated, damaged."""

import io

import numpy as np
import pytest
from PIL import Image, ImageFile

from stvit.images.files import load_image
from stvit.images.limits import ImageError, ImageLimits
from tests.support.picture_files import EVERY_FORMAT, bombs, encode, smooth


def test_limits(tmp_path):
    data = encode(np.zeros((40, 100, 3), np.uint8), "PNG")
    load_image(data, ImageLimits(max_pixels=4000, min_side=40, max_aspect=2.5, max_bytes=len(data)))
    path = tmp_path / "a.png"
    path.write_bytes(data)
    for limits, words in (
        (
            ImageLimits(max_pixels=3999),
            "40 pixels high and 100 wide, 4,000 pixels in all, more than the limit of 3,999",
        ),
        (ImageLimits(min_side=41), "but each side needs at least 41 pixels; choose a larger picture"),
        (ImageLimits(max_aspect=2.4), "an aspect ratio of 2.5:1, more than the limit of 2.4:1; crop it first"),
        (ImageLimits(max_bytes=len(data) - 1), "the most that is accepted; save the picture smaller"),
    ):
        for source in (data, path, io.BytesIO(data)):
            with pytest.raises(ImageError, match=words):
                load_image(source, limits)
    with pytest.raises(ValueError, match="Each image limit must be at least 1"):
        ImageLimits(max_pixels=0)


@pytest.mark.parametrize("shape", [(31, 40), (40, 31), (32, 257), (257, 32)])
def test_default_limits(shape):
    load_image(np.zeros((32, 256), np.uint8))
    with pytest.raises(ImageError, match="at least 32 pixels" if 31 in shape else r"limit of 8:1"):
        load_image(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("format", bombs())
def test_decompression_bombs_are_refused_from_the_header(format, monkeypatch):
    def decode(_):
        raise AssertionError("pixels were decoded")

    monkeypatch.setattr(ImageFile.ImageFile, "load", decode)
    with pytest.raises(ImageError, match=r"limit (is|of) 64,000,000"):
        load_image(bombs()[format])


def test_the_limit_does_not_depend_on_pillows_own(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    for format in ("PNG", "JPEG", "BMP"):
        load_image(encode(smooth(), format))
    assert Image.MAX_IMAGE_PIXELS == 100


def load_or_none(data: bytes) -> np.ndarray | None:
    """Load a picture, None where it is refused; any other error fails the test."""
    try:
        return load_image(data).array
    except ImageError:
        return None


@pytest.mark.parametrize("name", EVERY_FORMAT)
def test_truncated_files_are_refused_or_complete(name):
    data = encode(smooth(), name, **EVERY_FORMAT[name])
    whole = load_image(data).array
    cuts = {*range(0, len(data), max(1, len(data) // 60)), *range(len(data) - 30, len(data))}
    loaded = {cut: load_or_none(data[:cut]) for cut in cuts}
    accepted = [cut for cut, array in loaded.items() if array is not None]
    assert all(np.array_equal(loaded[cut], whole) for cut in accepted)
    # All pixels of a GIF lie before its last two bytes.
    assert len(data) - min(accepted, default=len(data)) <= (2 if name == "GIF" else 0)


def test_the_sentence_for_a_truncated_file():
    for format in ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "AVIF", "HEIC", "GIF"):
        data = encode(smooth(), format)
        with pytest.raises(ImageError, match=r"(?i)^This \w+ picture is truncated, damaged .* fetch the file again"):
            load_image(data[: len(data) // 2])
    with (
        Image.open(io.BytesIO(data[: len(data) // 2])) as opened,
        pytest.raises(ImageError, match=r"^This GIF"),
    ):
        load_image(opened)


def test_damaged_files_raise_nothing_but_image_errors():
    random = np.random.default_rng(0)
    for format in ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "HEIC"):
        data = np.frombuffer(encode(smooth(), format), np.uint8)
        for _ in range(60):
            broken = data.copy()
            broken[random.integers(0, min(len(data), 400), 3)] = random.integers(0, 256, 3)
            array = load_or_none(broken.tobytes())
            assert array is None or array.dtype == np.uint8
