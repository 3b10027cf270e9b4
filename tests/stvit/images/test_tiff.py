"""How a TIFF may store its samples: right, or refused; the oracle is what tifffile was given to write."""

import io
import itertools

import numpy as np
import pytest
from PIL import Image, UnidentifiedImageError

from stvit.images import ImageError, load_image
from stvit.images.colour import spread
from tests.support.picture_files import assert_close, encode, encode_tiff, over_white, smooth

LAYOUTS = list(itertools.product("<>", (None, "zlib"), (None, (16, 32))))
PLANES = {"rgb": 3, "rgb with alpha": 4, "separated": 4, "minisblack with alpha": 2}


def tiff(samples: np.ndarray, kind: str, apart: bool, **options) -> bytes:
    """Write a picture whose channels are interleaved or apart."""
    photometric, _, alpha = kind.partition(" with ")
    return encode_tiff(
        np.ascontiguousarray(samples.transpose(2, 0, 1)) if apart else samples,
        photometric=photometric,
        planarconfig="separate" if apart else "contig",
        extrasamples=["unassalpha"] if alpha else None,
        **options,
    )


def expected_rgb(samples: np.ndarray, kind: str) -> np.ndarray:
    """The closed form, in levels of 8 bits."""
    values = samples.astype(float) * (255 / np.iinfo(samples.dtype).max)
    if kind == "separated":
        return (255 - values[..., :3]) * (255 - values[..., 3:]) / 255
    return over_white(values[..., :-1], values[..., -1]) if kind.endswith("alpha") else values


def load_or_refuse(source) -> np.ndarray | None:
    try:
        return load_image(source).array
    except ImageError:
        return None


def load_as_pillow_image(data: bytes) -> np.ndarray | None:
    try:
        with Image.open(io.BytesIO(data)) as opened:
            return load_or_refuse(opened)
    except UnidentifiedImageError:  # Of the samples, Pillow reads no 16-bit grey with alpha.
        return None


@pytest.mark.parametrize("kind", PLANES)
@pytest.mark.parametrize("deep", [False, True])
def test_planes_are_right_or_refused(kind, deep):
    samples = smooth(7, PLANES[kind])
    samples = samples.astype(np.uint16) * 257 - smooth(8, PLANES[kind]) // 2 if deep else samples
    refused = 0
    for apart, (byteorder, compression, tile) in itertools.product((False, True), LAYOUTS):
        data = tiff(samples, kind, apart, byteorder=byteorder, compression=compression, tile=tile)
        loaded = load_or_refuse(data)
        refused += loaded is None
        if loaded is not None:
            assert_close(loaded, expected_rgb(samples, kind), 2)
        as_pillow = load_as_pillow_image(data)
        assert (as_pillow is None) == (loaded is None)
        assert loaded is None or np.array_equal(as_pillow, loaded)
    expected_refusals = {"minisblack with alpha": (8, 16), "separated": (0, 4)}.get(kind, (0, 0))
    assert refused == expected_refusals[deep]


def test_planes_that_pillow_has_decoded_are_refused():
    samples = smooth(7).astype(np.uint16) * 257
    with Image.open(io.BytesIO(tiff(samples, "rgb", apart=True))) as opened:
        opened.load()
        assert np.abs(np.asarray(opened).astype(float) - samples / 257).mean() > 20  # What we keep people from.
        with pytest.raises(ImageError, match="decoded this opened TIFF, which it does wrongly; hand over its path"):
            load_image(opened)


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.float32])
@pytest.mark.parametrize(("byteorder", "compression", "tile"), LAYOUTS)
def test_deep_greys_in_either_byte_order(dtype, byteorder, compression, tile):
    for low, high in ((0, 30000), (-300, 500)):
        deep = np.linspace(low, high, 48 * 60).astype(dtype).reshape(48, 60)
        data = encode_tiff(deep, byteorder=byteorder, compression=compression, tile=tile)
        assert np.array_equal(load_image(data).array[..., 0], spread(deep.astype(np.float32)))


def test_signed_bytes_and_useless_predictors_are_refused():
    signed = encode_tiff(smooth(0, 1)[..., 0].view(np.int8))
    predicted = encode(smooth(), "TIFF", tiffinfo={317: 2})  # Without compression some readers undo it, others do not.
    for data in (signed, predicted):
        with pytest.raises(ImageError, match="cannot be read here; save the TIFF with interleaved channels"):
            load_image(data)


def test_lab_is_that_of_print_with_d50_white():
    """Colours whose coordinates follow from the sRGB matrix adapted to D50 by Bradford."""
    lab = {
        (255, 255, 255): (100, 0, 0),
        (0, 0, 0): (0, 0, 0),
        (200, 150, 100): (66.13, 15.00, 33.95),
        (90, 140, 180): (55.93, -8.80, -26.65),
        (180, 90, 140): (50.77, 41.67, -10.30),
        (119, 119, 119): (50.03, 0, 0),
    }
    for rgb, (lightness, a, b) in lab.items():
        pixel = np.array([round(lightness * 2.55), round(a) % 256, round(b) % 256], np.uint8)
        data = encode_tiff(np.tile(pixel, (32, 32, 1)), photometric="cielab")
        assert_close(load_image(data).array, np.array(rgb), 3)
