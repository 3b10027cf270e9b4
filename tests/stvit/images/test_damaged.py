"""Damaged pictures end in a picture or in an `ImageError`, and so does every way in which a decoder can fail."""

import struct
from unittest.mock import Mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from stvit.images import ImageError, load_image, prepare
from tests.fuzz.edits import damage, edit_lists
from tests.fuzz.pictures import attempt, mend, seeds
from tests.support.picture_files import encode, smooth

GOOD = seeds()
Bomb = Image.DecompressionBombError
TOO_LARGE = "claims more pixels than can be decoded safely"
FAILURES = (
    MemoryError,
    RuntimeError,
    ZeroDivisionError,
    AssertionError,
    struct.error,
    SyntaxError,
    OSError,
    KeyError,
    RecursionError,
    EOFError,
    NotImplementedError,
    Bomb,
)


@pytest.mark.parametrize("name", GOOD)
def test_the_good_ones_load(name):
    assert attempt(GOOD[name]) == "loaded"
    assert mend(GOOD[name]) == GOOD[name]


@settings(max_examples=800, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(sorted(GOOD)), edit_lists(), st.booleans())
def test_damaged_pictures_load_or_are_refused_in_one_sentence(name, edits, mended):
    data = damage(GOOD[name], edits)
    attempt(mend(data) if mended else data)


@settings(max_examples=100, derandomize=True, deadline=None, database=None)
@given(st.sampled_from(sorted({data[:12] for data in GOOD.values()})), st.binary(max_size=200))
def test_noise_behind_a_good_start_is_refused(start, noise):
    assert attempt(start + noise) == "refused"


@pytest.mark.parametrize("error", FAILURES)
@pytest.mark.parametrize(("of", "step"), [(ImageFile.ImageFile, "load"), (Image.Image, "convert")])
def test_a_decoder_can_fail_in_any_way(error, of, step, monkeypatch):
    monkeypatch.setattr(of, step, Mock(side_effect=error))
    for kind in ("JPEG", "BMP", "TIFF"):
        source = encode(smooth(), kind)
        assert attempt(source) == "refused"
        with pytest.raises(
            ImageError, match=TOO_LARGE if error in (MemoryError, Bomb) else "truncated, damaged or of a"
        ):
            prepare(source)


@pytest.mark.parametrize("error", FAILURES)
def test_metadata_that_fails_says_nothing_about_the_pixels(error, monkeypatch):
    monkeypatch.setattr(Image.Image, "getexif", Mock(side_effect=error))
    assert attempt(encode(smooth(), "JPEG")) == "loaded"


def test_an_interrupt_is_no_damage(monkeypatch):
    monkeypatch.setattr(ImageFile.ImageFile, "load", Mock(side_effect=KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        load_image(encode(smooth(), "JPEG"))
