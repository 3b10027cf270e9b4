import errno
import os

import numpy as np
import pytest
from PIL import Image

from stvit.atomic_files import write_atomically
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
    found = {png(Image.fromarray(pixels)): label for pixels, label in zip(cache.images, cache.labels, strict=True)}
    assert found == expected
    assert cache.size == 48
    assert len(cache) == 6


def _images(folder, name):
    return [Image.open(path) for path in sorted((folder / "train" / name).iterdir())]


def test_second_opening_decodes_nothing(tmp_path, monkeypatch):
    source = write_folder(tmp_path / "d", {"train": 1})
    first = open_tiny(source, tmp_path / "cache")
    monkeypatch.setattr("training.cache.decode", None)
    np.testing.assert_array_equal(open_tiny(source, tmp_path / "cache").images, first.images)


def test_changed_source_gets_a_new_cache(tmp_path):
    source = write_folder(tmp_path / "d", {"train": 1})
    open_tiny(source, tmp_path / "cache")
    file = source / "train" / "red" / "more.bmp"
    coloured_image("red", 9).save(file)
    assert len(open_tiny(source, tmp_path / "cache")) == 4
    coloured_image("green", 9).save(file)  # of the same length
    os.utime(file, (1, 1))
    changed = open_tiny(source, tmp_path / "cache").images[3]
    np.testing.assert_array_equal(changed, np.asarray(coloured_image("green", 9)))


def test_decoding_cuts_the_central_square_of_the_resized_image():
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (100, 300, 3), np.uint8))
    whole = image.resize((150, 50), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(decode(png(image), 50), np.asarray(whole)[:, 50:100])


def test_grey_and_transparent_images_become_rgb():
    assert decode(png(Image.new("L", (40, 30), 7)), 16).shape == (16, 16, 3)
    assert decode(png(Image.new("RGBA", (40, 30))), 16).shape == (16, 16, 3)


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
    assert "Skipped 1 corrupt images: train/red/0.png" in capsys.readouterr().out
    with pytest.raises(ValueError, match=r"left out 1 corrupt images, the first being train/red/0\.png"):
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
