"""HEIC and AVIF, which phones write."""

import io
import sys

import numpy as np
import pillow_heif
import pytest
from PIL import ExifTags, Image

from stvit.images import ImageError, load_image
from tests.support.picture_files import assert_close, encode, over_white, smooth

FINEST = {"HEIC": {"quality": 100, "chroma": 444}, "AVIF": {"quality": 100, "subsampling": "4:4:4"}}


@pytest.mark.parametrize("kind", FINEST)
def test_colour_grey_and_alpha(kind):
    assert_close(load_image(encode(smooth(), kind, **FINEST[kind])).array, smooth(), 8)
    grey = smooth(3, 1)[..., 0]
    assert_close(load_image(encode(grey, kind, **FINEST[kind])).array, grey[..., None], 8)
    rgba = smooth(5, 4)
    data = encode(rgba, kind, **FINEST[kind])
    assert_close(load_image(data).array, over_white(rgba[..., :3], rgba[..., 3]), 8)
    opaque = rgba[..., 3] > 0  # Under full transparency an encoder may store what it likes.
    assert_close(load_image(data, alpha="drop").array[opaque], rgba[opaque][..., :3], 8)


def test_ten_bit_heic():
    deep = smooth().astype(np.uint16) * 257
    file = io.BytesIO()
    pillow_heif.from_bytes("RGB;16", (60, 48), deep.tobytes()).save(file, **FINEST["HEIC"])
    assert_close(load_image(file).array, smooth(), 8)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_avif_is_turned_as_it_says(orientation):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    upright = load_image(encode(smooth(), "PNG", exif=exif)).array
    data = encode(smooth(), "AVIF", exif=exif.tobytes(), **FINEST["AVIF"])
    assert_close(load_image(data).array, upright, 8)
    assert_close(load_image(data, orientation="stored").array, smooth(), 8)


def test_heic_is_upright_whatever_its_exif_says():
    """The container itself carries the turn; the encoder of the tests bakes it in, as phones do."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 3
    image = Image.fromarray(smooth())
    image.info["exif"] = exif.tobytes()
    data = encode(image, "HEIC", **FINEST["HEIC"])
    assert b"irot" in data
    for orientation in ("exif", "stored"):
        assert_close(load_image(data, orientation=orientation).array, smooth(), 8)


def test_without_the_reader_the_message_says_how_to_convert(monkeypatch):
    data = encode(smooth(), "HEIC")
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    with pytest.raises(ImageError, match=r"needs the package pi-heif, .* or convert the picture to JPEG"):
        load_image(data)
