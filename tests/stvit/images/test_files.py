"""What can be loaded from where, and the sentence for what cannot."""

import hashlib
import io
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from stvit.images.decoding import _quiet
from stvit.images.files import load_image
from stvit.images.limits import ImageError
from tests.support.picture_files import assert_close, encode, odd_tiff, over_white, smooth


def test_every_kind_of_source_gives_the_same_picture(tmp_path):
    data = encode(smooth(), "PNG")
    path = tmp_path / "leaf.png"
    path.write_bytes(data)
    read_before = io.BytesIO(data)
    read_before.read()
    with path.open("rb") as file:
        loaded = [load_image(source) for source in (path, str(path), file, data, bytearray(data), read_before)]
    for picture in loaded:
        assert np.array_equal(picture.array, smooth())
        assert picture.sha256 == hashlib.sha256(data).hexdigest()
    assert [picture.name for picture in loaded] == ["leaf.png"] * 3 + ["image"] * 3
    assert load_image(data, name="oak").name == "oak"


def test_a_stream_that_cannot_seek():
    class Stream(io.BytesIO):
        def seekable(self):
            return False

        def seek(self, *_):
            raise AssertionError("this stream cannot seek")

    assert np.array_equal(load_image(Stream(encode(smooth(), "PNG"))).array, smooth())


def test_arrays():
    colour = smooth()
    assert np.array_equal(load_image(colour).array, colour)
    assert_close(load_image(colour[..., 0]).array, colour[..., :1], 0)
    assert_close(load_image(colour[..., :1]).array, colour[..., :1], 0)
    assert np.array_equal(load_image(colour.astype(np.uint16) * 257).array, colour)
    assert np.array_equal(load_image(colour / 255).array, colour)
    assert np.array_equal(load_image((colour / 255).astype(np.float32)).array, colour)
    assert np.array_equal(load_image(colour > 99).array, 255 * (colour > 99))
    assert np.array_equal(load_image((colour.astype(np.uint16) * 257).astype(">u2")).array, colour)
    assert np.array_equal(load_image((colour / 255).astype(">f4")).array, colour)
    rgba = smooth(5, 4)
    assert_close(load_image(rgba).array, over_white(rgba[..., :3], rgba[..., 3]), 1)
    assert np.array_equal(load_image(colour[::-1, ::-1]).array, colour[::-1, ::-1])


def test_a_loaded_picture_is_read_only_and_independent():
    mine = smooth()
    for source in (mine, mine[..., 0], Image.fromarray(mine), encode(mine, "PNG")):
        loaded = load_image(source)
        before = loaded.array.copy()
        mine[:] = 0
        assert np.array_equal(loaded.array, before)
        with pytest.raises(ValueError, match="read-only"):
            loaded.array[0, 0, 0] = 1
        mine[:] = smooth()


def test_digests_of_arrays_tell_pixels_and_shapes_apart():
    flat = np.zeros((40, 64, 3), np.uint8)
    other = flat.copy()
    other[3, 4, 1] = 1
    digests = {load_image(array).sha256 for array in (flat, flat.reshape(64, 40, 3), other)}
    assert len(digests) == 3
    assert load_image(flat).sha256 == load_image(Image.fromarray(flat)).sha256


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros(50, np.uint8), r"shape \(50,\) is not a picture; expected \(height, width\)"),
        (np.zeros((3, 50, 50), np.uint8), "1, 3 or 4 channels last"),
        (np.zeros((2, 50, 50, 3), np.uint8), "is not a picture"),
        (np.zeros((50, 50, 3), np.int64), "An array of int64 has no clear range of values; convert it to uint8"),
        (np.full((50, 50), 255.0), "from 0 to 1, got 255 to 255; divide by the value of white"),
        (np.full((50, 50), -0.1), "from 0 to 1, got -0.1 to -0.1"),
        (np.full((50, 50), np.nan), r"^This picture holds NaN or infinite values; replace them"),
        (np.full((50, 50, 3), np.float16(np.inf)), "holds NaN or infinite values"),
        (
            np.ma.masked_greater(np.linspace(0, 1, 2500).reshape(50, 50), 0.5),
            "masked pixels is not a picture; fill them",
        ),
        (np.zeros((50, 50), complex), "An array of complex128 has no clear range"),
        (np.full((50, 50), None), "An array of object has no clear range"),
        (np.full((50, 50), "a"), "no clear range of values"),
        (np.zeros((50, 31, 3), np.uint8), "50 pixels high and 31 wide, but each side needs at least 32 pixels"),
        (np.zeros((0, 50, 3), np.uint8), "0 pixels high and 50 wide, but each side needs"),
    ],
)
def test_arrays_that_are_no_pictures(array, words):
    with pytest.raises(ImageError, match=words):
        load_image(array)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (b"", r"This file is empty \(0 bytes\)"),
        (
            b"hello, this is text",
            "not an image that can be read here; expected PNG, JPEG, WebP, TIFF, BMP, GIF, AVIF or HEIC",
        ),
        (b"<!DOCTYPE html><html>", "not an image"),
        (b"%PDF-1.7 ...", "not an image"),
        (b"\x89PNG", "not an image"),
        ("/no/such/picture.png", r"'picture.png' cannot be read \(No such file or directory\); check its path"),
        (".", "is a folder; choose a picture file"),
        ("a\0b", "cannot be read"),
        (io.StringIO("text"), "binary file, this one gives text; open it with mode 'rb'"),
        (None, "a NumPy array, got NoneType"),
        (3.5, "got float"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_sources_that_are_no_pictures(source, words):
    with pytest.raises(ImageError, match=words):
        load_image(source)


def test_a_closed_file_is_refused():
    file = io.BytesIO(encode(smooth(), "PNG"))
    file.close()
    with pytest.raises(ImageError, match=r"cannot be read .*closed file"):
        load_image(file)


def test_metadata_warnings_do_not_leak():
    with pytest.warns(UserWarning, match="Tag data larger than file"):
        Image.open(io.BytesIO(odd_tiff()))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert np.array_equal(load_image(odd_tiff()).array, smooth())
    assert not caught


def test_threads_load_what_one_thread_loads():
    files = [encode(smooth(seed), format) for seed in range(4) for format in ("PNG", "JPEG", "TIFF", "WEBP", "GIF")]
    files += [odd_tiff()] * 8
    alone = [load_image(data) for data in files]
    filters = list(warnings.filters)
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(load_image, files * 4))
    for index, picture in enumerate(together):
        assert np.array_equal(picture.array, alone[index % len(files)].array)
        assert picture.sha256 == alone[index % len(files)].sha256
    assert warnings.filters == filters


def test_threads_that_silence_warnings_wait_for_each_other():
    filters = list(warnings.filters)
    entered, release = threading.Event(), threading.Event()

    def second():
        with _quiet():
            entered.set()
            release.wait(10)

    thread = threading.Thread(target=second)
    with _quiet():
        thread.start()
        # Were it let in now, it would save this thread's filters and put them back at its end.
        entered.wait(0.3)
    release.set()
    thread.join()
    assert warnings.filters == filters
