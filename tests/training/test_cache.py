import errno
import os
import re

import numpy as np
import pytest
from PIL import Image

from stvit.atomic_files import write_atomically
from stvit.images import load_image
from tests.support.hostile_names import HOSTILE_NAMES
from tests.support.training_data import coloured_image, png, write_folder, write_tar
from training.cache import decode, open_cache


def open_tiny(source, folder, corrupt="fatal", size=48):
    return open_cache(source, "train", size, folder, corrupt, progress=False)


@pytest.mark.parametrize("kind", ["folder", "tar"])
def test_cache_holds_the_pixels_and_labels_of_the_files(tmp_path, kind):
    source = folder = write_folder(tmp_path / "d", {"train": 2})
    if kind == "tar":
        source = write_tar(folder, tmp_path / "d.tar")
    cache = open_tiny(source, tmp_path / "cache")
    expected = {png(image): label for label, name in enumerate(cache.classes) for image in _images(folder, name)}
    found = {png(Image.fromarray(pixels)): label for pixels, label in zip(_pictures(cache), cache.labels, strict=True)}
    assert found == expected
    assert len(cache) == 6


def _pictures(cache):
    return [cache.picture(number) for number in range(len(cache))]


def _images(folder, name):
    return [Image.open(path) for path in sorted((folder / "train" / name).iterdir())]


def test_two_processes_that_build_at_once_do_not_share_a_partial_file(tmp_path, monkeypatch):
    source, folder = write_folder(tmp_path / "d", {"train": 1}), tmp_path / "cache"
    seen = set()

    def looked_at(data, size):
        seen.update(path.name for path in folder.glob("*.part"))
        return decode(data, size)

    monkeypatch.setattr("training.cache.decode", looked_at)
    open_tiny(source, folder)
    assert [re.fullmatch(r".+\.u8\.[0-9a-f]{32}\.part", name) is not None for name in seen] == [True]
    assert {path.suffix for path in folder.iterdir()} == {".u8", ".json"}


def test_second_opening_decodes_nothing(tmp_path, monkeypatch):
    source = write_folder(tmp_path / "d", {"train": 1})
    first = open_tiny(source, tmp_path / "cache")
    monkeypatch.setattr("training.cache.decode", None)
    np.testing.assert_array_equal(open_tiny(source, tmp_path / "cache").pixels, first.pixels)


def test_changed_source_gets_a_new_cache(tmp_path):
    source = write_folder(tmp_path / "d", {"train": 1})
    open_tiny(source, tmp_path / "cache")
    file = source / "train" / "red" / "more.bmp"
    coloured_image("red", 9).save(file)
    assert len(open_tiny(source, tmp_path / "cache")) == 4
    coloured_image("green", 9).save(file)  # of the same length
    os.utime(file, (1, 1))
    changed = open_tiny(source, tmp_path / "cache").picture(3)
    np.testing.assert_array_equal(changed, np.asarray(coloured_image("green", 9)))


def test_decoding_keeps_the_whole_image_and_never_enlarges_it():
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (100, 301, 3), np.uint8))
    whole = image.resize((150, 50), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(decode(png(image), 50), np.asarray(whole))
    np.testing.assert_array_equal(decode(png(image), 100), np.asarray(image))
    np.testing.assert_array_equal(decode(png(image), 400), np.asarray(image))


def test_images_of_many_sizes_are_kept_whole(tmp_path):
    source = write_folder(tmp_path / "d", {"train": 1})
    wide = Image.fromarray(np.random.default_rng(1).integers(0, 256, (40, 90, 3), np.uint8))
    wide.save(source / "train" / "blue" / "0.png")
    cache = open_tiny(source, tmp_path / "cache")
    assert [picture.shape for picture in _pictures(cache)] == [(40, 90, 3), (48, 48, 3), (48, 48, 3)]
    np.testing.assert_array_equal(cache.picture(0), np.asarray(wide))


@pytest.mark.parametrize("name", ["grey16.png", "floats.tif", "clear.png", "turned.png"])
def test_the_cache_decodes_as_everything_else_does_but_for_what_is_published(tmp_path, name):
    rng = np.random.default_rng(2)
    if name == "grey16.png":
        Image.fromarray(rng.integers(0, 65536, (40, 50), np.uint16)).save(tmp_path / name)
    elif name == "floats.tif":
        Image.fromarray(rng.random((40, 50), np.float32)).save(tmp_path / name)
    elif name == "clear.png":
        Image.fromarray(rng.integers(0, 256, (40, 50, 4), np.uint8)).save(tmp_path / name)
    else:
        image = Image.fromarray(rng.integers(0, 256, (40, 50, 3), np.uint8))
        exif = image.getexif()
        exif[274] = 6
        image.save(tmp_path / name, exif=exif)
    data = (tmp_path / name).read_bytes()
    decoded, shown = decode(data, 40), load_image(data).array
    if name == "clear.png":  # on purpose: transparency is dropped, as in the published training
        np.testing.assert_array_equal(decoded, np.asarray(Image.open(tmp_path / name))[..., :3])
        assert not np.array_equal(decoded, shown)
    elif name == "turned.png":  # on purpose: it stays as it is stored
        np.testing.assert_array_equal(np.rot90(decoded, -1), shown)
    else:
        np.testing.assert_array_equal(decoded, shown)
        assert decoded.std() > 50


def test_a_bomb_is_skipped_like_any_other_corrupt_image(tmp_path):
    source = write_folder(tmp_path / "d", {"train": 2})
    Image.new("1", (60000, 60000)).save(source / "train" / "red" / "0.png")
    assert open_tiny(source, tmp_path / "cache", "skip").skipped == ("train/red/0.png",)
    with pytest.raises(ValueError, match=r"The image train/red/0\.png cannot be decoded .*pixels"):
        open_tiny(source, tmp_path / "other")


@pytest.mark.parametrize("name", HOSTILE_NAMES.values(), ids=HOSTILE_NAMES.keys())
def test_a_hostile_name_that_is_skipped_makes_no_terminal_act(tmp_path, capsys, name):
    source = write_folder(tmp_path / "d", {"train": 1})
    (source / "train" / "red" / name).write_bytes(b"no picture")
    open_tiny(source, tmp_path / "cache", "skip")
    said = capsys.readouterr().out
    assert "Skipped 1 corrupt image" in said
    assert len(said.splitlines()) == 1
    assert all(letter.isprintable() or letter == "\n" for letter in said)


def test_whatever_happens_while_decoding_only_that_image_is_skipped(tmp_path, monkeypatch):
    source = write_folder(tmp_path / "d", {"train": 2})
    real, calls = decode, []

    def breaks_once(data, size):
        calls.append(size)
        if len(calls) == 2:
            raise ZeroDivisionError
        return real(data, size)

    monkeypatch.setattr("training.cache.decode", breaks_once)
    assert open_tiny(source, tmp_path / "cache", "skip").skipped == ("train/blue/1.png",)


def test_corrupt_image_is_named_and_fatal(tmp_path):
    source = write_folder(tmp_path / "d", {"train": 2})
    (source / "train" / "red" / "0.png").write_bytes(png(coloured_image("red", 0))[:200])
    with pytest.raises(ValueError, match=r"The image train/red/0\.png cannot be decoded .*choose to skip"):
        open_tiny(source, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_corrupt_images_can_be_skipped_and_are_counted_and_named(tmp_path, capsys):
    source = write_folder(tmp_path / "d", {"train": 2})
    (source / "train" / "red" / "0.png").write_bytes(b"no image")
    cache = open_tiny(source, tmp_path / "cache", "skip")
    assert cache.skipped == ("train/red/0.png",)
    assert list(cache.labels) == [0, 0, 1, 1, 2]
    assert "Skipped 1 corrupt image: train/red/0.png." in capsys.readouterr().out
    with pytest.raises(ValueError, match=r"left out 1 corrupt image, the first being train/red/0\.png"):
        open_tiny(source, tmp_path / "cache", "fatal")


def test_class_of_corrupt_images_only_is_named(tmp_path):
    source = write_folder(tmp_path / "d", {"train": 1})
    (source / "train" / "red" / "0.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match="No image of class 'red' could be decoded"):
        open_tiny(source, tmp_path / "cache", "skip")


def test_unknown_options_are_refused(tmp_path):
    with pytest.raises(ValueError, match="corrupt must be one of fatal, skip, got 'ignore'"):
        open_tiny(tmp_path, tmp_path, "ignore")
    with pytest.raises(ValueError, match="at least 1 pixel, got 0"):
        open_tiny(tmp_path, tmp_path, size=0)


def _fail_after(limit, code):
    def write(file):
        file.write(b"x" * limit)
        raise OSError(code, "from the system")

    return write


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_full_disk_is_explained_and_the_old_file_stays(tmp_path, code):
    path = tmp_path / "last.pt"
    write_atomically(path, b"old")
    with pytest.raises(OSError, match=r"The disk is full: last\.pt could not be written") as caught:
        write_atomically(path, _fail_after(100, code))
    assert caught.value.errno == code
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["last.pt"]


def test_other_errors_of_writing_stay_themselves(tmp_path):
    with pytest.raises(PermissionError, match="from the system"):
        write_atomically(tmp_path / "a", _fail_after(1, errno.EACCES))
    assert list(tmp_path.iterdir()) == []
