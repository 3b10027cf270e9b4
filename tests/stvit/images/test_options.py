"""The two named ways in which the published evaluation decodes differently."""

import io

import numpy as np
import pytest
from PIL import ExifTags, Image

from stvit.images import load_image
from tests.support.picture_files import LOSSLESS, encode, encode_tiff, smooth


@pytest.mark.parametrize("orientation", range(1, 9))
def test_stored_orientation_is_what_was_written(orientation):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    for kind in ("PNG", "TIFF", "WEBP"):
        data = encode(smooth(), kind, exif=exif, **LOSSLESS[kind])
        assert np.array_equal(load_image(data, orientation="stored").array, smooth())
        with Image.open(io.BytesIO(data)) as opened:
            assert np.array_equal(load_image(opened, orientation="stored").array, smooth())
    jpeg = encode(smooth(), "JPEG", exif=exif)
    assert np.array_equal(load_image(jpeg, orientation="stored").array, load_image(encode(smooth(), "JPEG")).array)


def test_dropped_alpha_shows_the_stored_colours():
    rgba = smooth(5, 4)
    for kind, options in (("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True, "exact": True})):
        assert np.array_equal(load_image(encode(rgba, kind, **options), alpha="drop").array, rgba[..., :3])
    assert np.array_equal(load_image(rgba, alpha="drop").array, rgba[..., :3])
    palette = Image.fromarray(smooth()).quantize(16)
    for transparency in (3, bytes(range(0, 256, 16))):
        data = encode(palette, "PNG", transparency=transparency)
        assert np.array_equal(load_image(data, alpha="drop").array, np.asarray(palette.convert("RGB")))
    deep = smooth(3, 1)[..., 0].astype(np.uint16) * 257
    grey = Image.fromarray(deep)
    grey.info["transparency"] = int(deep[5, 5])
    assert np.array_equal(load_image(grey, alpha="drop").array[..., 0], deep // 257)


def test_nothing_else_depends_on_the_options():
    deep = np.linspace(0, 65535, 48 * 60).astype(np.uint16).reshape(48, 60)
    for data in (encode(deep, "PNG"), encode_tiff(deep.astype(np.float32) / 65535), encode(smooth(), "BMP")):
        published = load_image(data, orientation="stored", alpha="drop")
        assert np.array_equal(published.array, load_image(data).array)


@pytest.mark.usefixtures("unchecked")
def test_other_values_are_refused():
    with pytest.raises(ValueError, match='orientation of a picture is "exif" or "stored", got \'upright\''):
        load_image(smooth(), orientation="upright")
    with pytest.raises(ValueError, match='alpha of a picture is "white" or "drop", got None'):
        load_image(smooth(), alpha=None)
