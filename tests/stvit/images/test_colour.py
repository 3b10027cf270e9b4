"""Every accepted pixel format against NumPy or a closed form."""

import io
import struct

import numpy as np
import pytest
from PIL import ExifTags, Image

from stvit.images.files import load_image
from stvit.images.limits import ImageError
from tests.support.picture_files import (
    HEIGHT,
    LOSSLESS,
    SEVERAL_FRAMES,
    WIDTH,
    assert_close,
    encode,
    encode_png,
    encode_tiff,
    over_white,
    png_chunk,
    smooth,
)


@pytest.mark.parametrize("format", LOSSLESS)
def test_lossless_formats_come_back_unchanged(format):
    loaded = load_image(encode(smooth(), format, **LOSSLESS[format]))
    assert np.array_equal(loaded.array, smooth())
    assert (loaded.array.dtype, loaded.height, loaded.width) == (np.uint8, HEIGHT, WIDTH)


def test_jpeg_and_gif_come_back_as_pillow_decodes_them():
    for data in (encode(smooth(), "JPEG", quality=95), encode(smooth(), "GIF")):
        assert np.array_equal(load_image(data).array, np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))


@pytest.mark.parametrize("format", SEVERAL_FRAMES)
def test_the_first_frame_counts(format):
    first, second = smooth(1) // 64 * 64, smooth(2) // 64 * 64
    options = {"lossless": True} if format == "WEBP" else {}
    data = encode(first, format, save_all=True, append_images=[Image.fromarray(second)], **options)
    # A GIF holds 256 colours, so its colours may move a little.
    assert_close(load_image(data).array, first, 24 if format == "GIF" else 0)


def test_grey_and_black_and_white():
    grey = smooth(3, 1)[..., 0]
    assert_close(load_image(encode(grey, "PNG")).array, grey[..., None], 0)
    binary = Image.fromarray(grey).point(lambda value: 255 * (value > 127), "1")
    assert_close(load_image(encode(binary, "TIFF")).array, 255.0 * (grey > 127)[..., None], 0)


def test_palette():
    image = Image.fromarray(smooth()).quantize(32)
    for format in ("PNG", "GIF", "BMP", "TIFF"):
        assert np.array_equal(load_image(encode(image, format)).array, np.asarray(image.convert("RGB")))


def test_cmyk():
    inks = smooth(4, 4)
    image = Image.frombytes("CMYK", (WIDTH, HEIGHT), inks.tobytes())
    loaded = load_image(encode(image, "TIFF")).array
    assert np.array_equal(loaded, np.asarray(image.convert("RGB")))
    dry = 1 - inks / 255.0
    assert_close(loaded, 255 * dry[..., :3] * dry[..., 3:], 2)
    # Adobe writes JPEG inks inverted; the colours must come out the right way round.
    jpeg = encode(image, "JPEG", quality=100, subsampling=0)
    assert_close(load_image(jpeg).array, loaded, 12)
    marker = jpeg.index(b"\xff\xee")
    unmarked = jpeg[:marker] + jpeg[marker + 2 + int.from_bytes(jpeg[marker + 2 : marker + 4]) :]
    for source in (unmarked, Image.open(io.BytesIO(unmarked))):
        with pytest.raises(ImageError, match="does not say whether its inks are stored inverted; save it as RGB"):
            load_image(source)


@pytest.mark.parametrize("format", ["PNG", "TIFF", "WEBP"])
def test_alpha_is_laid_over_white(format):
    rgba = smooth(5, 4)
    options = {"lossless": True, "exact": True} if format == "WEBP" else {}
    loaded = load_image(encode(rgba, format, **options)).array
    assert_close(loaded, over_white(rgba[..., :3], rgba[..., 3]), 1)


def test_grey_with_alpha():
    pair = smooth(6, 2)
    image = Image.frombytes("LA", (WIDTH, HEIGHT), pair.tobytes())
    assert_close(load_image(encode(image, "PNG")).array, over_white(pair[..., :1], pair[..., 1]), 1)
    premultiplied = image.convert("La")
    assert_close(load_image(premultiplied).array, over_white(pair[..., :1], pair[..., 1]), 2)


def test_transparent_palette_entries_become_white():
    image = Image.fromarray(smooth()).quantize(16)
    index = np.asarray(image)
    for format in ("PNG", "GIF"):
        loaded = load_image(encode(image, format, transparency=3)).array
        assert (loaded[index == 3] == 255).all()
        assert np.array_equal(loaded[index != 3], np.asarray(image.convert("RGB"))[index != 3])
    alphas = bytes(range(0, 256, 16))
    expected = over_white(np.asarray(image.convert("RGB")), np.frombuffer(alphas, np.uint8)[index])
    assert_close(load_image(encode(image, "PNG", transparency=alphas)).array, expected, 1)


def test_sixteen_bit_grey_is_scaled_not_clipped():
    deep = np.linspace(0, 65535, HEIGHT * WIDTH).astype(np.uint16).reshape(HEIGHT, WIDTH)
    files = [encode(deep, "PNG"), encode(deep, "TIFF"), encode_tiff(deep, byteorder=">")]
    for data in [*files, encode_tiff(deep, compression="zlib")]:
        assert np.array_equal(load_image(data).array[..., 0], np.rint(deep / 257))
    white_is_zero = load_image(encode_tiff(deep, photometric="miniswhite")).array
    assert np.array_equal(white_is_zero[..., 0], 255 - np.rint(deep / 257))


@pytest.mark.parametrize("alpha", [False, True])
def test_sixteen_bit_colour_is_scaled_not_clipped(alpha):
    deep = smooth(7, 3 + alpha).astype(np.uint16) * 257 - smooth(8, 3 + alpha) // 2
    colour = deep[..., :3] / 257
    expected = over_white(colour, deep[..., 3] / 257) if alpha else colour
    extra = {"extrasamples": ["unassalpha"]} if alpha else {}
    for data in (encode_png(deep, 16, 6 if alpha else 2), encode_tiff(deep, photometric="rgb", **extra)):
        assert_close(load_image(data).array, expected, 2)


def test_transparent_colour_of_other_depths():
    deep = smooth(7).astype(np.uint16) * 256 + 77
    key = deep[20, 30]
    loaded = load_image(encode_png(deep, 16, 2, transparent=key.astype(">u2").tobytes())).array
    hit = (deep == key).all(axis=-1)
    assert (loaded[hit] == 255).all()
    assert_close(loaded[~hit], (deep / 257)[~hit], 1)
    for depth, samples in ((16, deep[..., 0]), (8, deep[..., 0] >> 8), (4, deep[..., 0] >> 12)):
        value = int(samples[20, 30])
        loaded = load_image(encode_png(samples, depth, 0, transparent=struct.pack(">H", value))).array
        assert (loaded[samples == value] == 255).all()
        assert_close(loaded[samples != value], (samples * (255 / (2**depth - 1)))[samples != value, None], 1)


def test_a_sixteen_bit_transparent_colour_must_agree_in_both_bytes():
    deep = smooth(7).astype(np.uint16) * 256
    deep[..., 1] += np.arange(60, dtype=np.uint16) % 2  # Every other column differs in a lower byte only.
    deep[10:20] = deep[10, 10]
    deep[10:20, 1::2, 1] ^= 1
    key = deep[10, 10]
    hit = (deep == key).all(axis=-1)
    assert 0 < hit[10:20].sum() < hit[10:20].size
    data = encode_png(deep, 16, 2, transparent=key.astype(">u2").tobytes())
    loaded = load_image(data).array
    assert (loaded[hit] == 255).all()
    assert_close(loaded[~hit], (deep >> 8)[~hit], 0)
    assert np.array_equal(load_image(data, alpha="drop").array, deep >> 8)


def test_the_depth_of_a_png_does_not_depend_on_the_order_of_its_chunks():
    for depth, colour, samples in (
        (8, 2, smooth()),
        (16, 2, smooth().astype(np.uint16) * 257),
        (4, 0, smooth()[..., 0] >> 4),
    ):
        key = np.atleast_1d(samples[20, 30]).astype(">u2").tobytes()
        data = encode_png(samples, depth, colour, transparent=key)
        for length in (1, 3, 8, 16):  # Byte 24 of the file then holds something else.
            moved = data[:8] + png_chunk(b"prIv", bytes([16, 8, 4] * length)) + data[8:]
            assert np.array_equal(load_image(moved).array, load_image(data).array)


def test_an_opened_png_gives_what_its_file_gives():
    deep = smooth(7).astype(np.uint16) * 256 + 77
    cases = (
        (16, 2, deep),
        (8, 2, deep >> 8),
        (16, 0, deep[..., 0]),
        (8, 0, deep[..., 0] >> 8),
        (4, 0, deep[..., 0] >> 12),
    )
    for depth, colour, samples in cases:
        key = np.atleast_1d(samples[20, 30]).astype(">u2").tobytes()
        data = encode_png(samples, depth, colour, transparent=key)
        with Image.open(io.BytesIO(data)) as opened:
            assert np.array_equal(load_image(opened).array, load_image(data).array)
            assert np.array_equal(np.asarray(opened), np.asarray(Image.open(io.BytesIO(data))))  # It is left usable.
        with Image.open(io.BytesIO(data)) as opened:
            opened.load()
            if opened.mode == "I;16":  # Nothing was lost.
                assert np.array_equal(load_image(opened).array, load_image(data).array)
            else:
                with pytest.raises(ImageError, match="how deep its transparent colour is; hand over its path or bytes"):
                    load_image(opened)


def test_a_sixteen_bit_transparent_colour_of_a_pillow_image_is_refused():
    deep = smooth(7).astype(np.uint16) * 256 + 77
    data = encode_png(deep, 16, 2, transparent=deep[20, 30].astype(">u2").tobytes())
    with pytest.raises(ImageError, match="has 16 bits, its pixels have 8; hand over the path or bytes it came from"):
        load_image(Image.open(io.BytesIO(data)).copy())


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "HSV"]
)
def test_every_mode_of_pillow(mode):
    image = Image.fromarray(smooth()).convert("RGBA")
    image = image.convert("LA").convert("La") if mode == "La" else image.convert(mode)
    for alpha in ("white", "drop"):  # The picture is opaque.
        expected = image.convert("LA" if mode == "La" else "RGB").convert("RGB")
        assert np.array_equal(load_image(image, alpha=alpha).array, np.asarray(expected))


@pytest.mark.parametrize("mode", ["I;16", "I;16L", "I;16B", "I;16N"])
def test_sixteen_bit_modes_of_pillow(mode):
    deep = np.linspace(0, 65535, HEIGHT * WIDTH).astype(">u2" if mode == "I;16B" else "<u2").reshape(HEIGHT, WIDTH)
    image = Image.frombytes(mode, (WIDTH, HEIGHT), deep.tobytes())
    assert np.array_equal(load_image(image).array[..., 0], np.rint(deep / 257))


@pytest.mark.parametrize(
    ("dtype", "low", "high", "black", "white"),
    [
        (np.float32, 0, 1, 0, 1),
        (np.float32, 0, 0.5, 0, 1),
        (np.float32, 0, 200, 0, 255),
        (np.float32, 0, 60000, 0, 65535),
        (np.float32, -3, 5, -3, 5),
        (np.float32, 10, 1e6, 10, 1e6),
        (np.int32, 0, 1, 0, 255),
        (np.int32, 0, 200, 0, 255),
        (np.int32, 0, 60000, 0, 65535),
        (np.int32, -300, 500, -300, 500),
        (np.int32, 0, 1e6, 0, 1e6),
        (np.int16, 0, 30000, 0, 65535),
        (np.int16, -300, 500, -300, 500),
        (np.uint32, 0, 60000, 0, 65535),
        (np.uint32, 0, 2**32 - 1, 0, 2**32 - 1),
    ],
)
@pytest.mark.parametrize("byteorder", "<>")
def test_values_without_a_range_take_the_smallest_that_holds_them(dtype, low, high, black, white, byteorder):
    if dtype == np.uint32:
        byteorder = "<"  # Pillow reads this type in one byte order only.
    deep = np.linspace(low, high, HEIGHT * WIDTH).astype(dtype).reshape(HEIGHT, WIDTH)
    expected = (deep.astype(float) - black) / (white - black) * 255
    assert_close(load_image(encode_tiff(deep, byteorder=byteorder)).array, expected[..., None], 0.501)


def test_constant_values_outside_every_range_are_black_and_nan_is_refused():
    deep = np.full((HEIGHT, WIDTH), -7, np.float32)
    assert not load_image(encode_tiff(deep)).array.any()
    deep[3, 4] = np.nan
    with pytest.raises(ImageError, match="holds NaN or infinite values; replace them"):
        load_image(encode_tiff(deep))


UPRIGHT = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: np.rot90,
}


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_exif_rotation(orientation):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    for format in ("JPEG", "PNG", "TIFF", "WEBP"):
        options = LOSSLESS.get(format, {})
        stored = load_image(encode(smooth(), format, **options)).array
        turned = encode(smooth(), format, exif=exif, **options)
        assert np.array_equal(load_image(turned).array, UPRIGHT[orientation](stored))
        with Image.open(io.BytesIO(turned)) as opened:
            assert np.array_equal(load_image(opened).array, UPRIGHT[orientation](stored))


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("exif", [b"Exif\0\0garbage garbage", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0II"])
def test_unreadable_exif_leaves_the_picture_as_stored(format, exif):
    plain = load_image(encode(smooth(), format))
    assert np.array_equal(load_image(encode(smooth(), format, exif=exif)).array, plain.array)


def test_other_colour_spaces(monkeypatch):
    hue = Image.fromarray(smooth()).convert("HSV")
    assert np.array_equal(load_image(hue).array, np.asarray(hue.convert("RGB")))

    def convert(image, mode):
        raise ValueError(f"conversion from {image.mode} to {mode} not supported")

    monkeypatch.setattr(Image.Image, "convert", convert)
    with pytest.raises(ImageError, match="colour mode HSV cannot be turned into RGB here; save it as an RGB PNG"):
        load_image(hue)
