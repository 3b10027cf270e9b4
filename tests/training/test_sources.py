import pytest

from tests.support.training_data import write_folder, write_tar
from training.sources import list_images, read_files


def test_folder_lists_classes_sorted_and_files_with_labels(tmp_path):
    listing = list_images(write_folder(tmp_path / "d", {"train": 2, "val": 1}), "train")
    assert listing.classes == ("blue", "green", "red")
    assert listing.files[0] == ("train/blue/0.png", 0)
    assert [label for _, label in listing.files] == [0, 0, 1, 1, 2, 2]


def test_tar_of_a_folder_gives_the_same_listing_and_bytes(tmp_path):
    folder = write_folder(tmp_path / "d", {"train": 2, "val": 1})
    tar = write_tar(folder, tmp_path / "d.tar")
    listing = list_images(folder, "val")
    assert list_images(tar, "val") == listing
    names = tuple(name for name, _ in listing.files)
    assert dict(read_files(tar, names)) == dict(read_files(folder, names))


def test_tar_that_wraps_everything_in_one_folder(tmp_path):
    write_folder(tmp_path / "up" / "data", {"train": 1, "val": 1})
    tar = write_tar(tmp_path / "up", tmp_path / "d.tar")
    assert list_images(tar, "val").files[0] == ("data/val/blue/0.png", 0)


def test_class_folders_directly_in_the_source(tmp_path):
    folder = write_folder(tmp_path / "d", {"val": 1}) / "val"
    assert list_images(folder, None).files == (("blue/0.png", 0), ("green/0.png", 1), ("red/0.png", 2))


def test_a_picture_beside_the_class_folders_has_no_class_and_is_left_out(tmp_path):
    folder = write_folder(tmp_path / "d", {"val": 1}) / "val"
    expected = list_images(folder, None)
    (folder / "stray.png").write_bytes((folder / "blue" / "0.png").read_bytes())
    assert list_images(folder, None) == expected
    assert list_images(folder.parent, "val").classes == expected.classes


def test_empty_class_folder_is_named(tmp_path):
    folder = write_folder(tmp_path / "d")
    (folder / "train" / "violet").mkdir()
    with pytest.raises(ValueError, match=r"Class folder 'violet' of .*train holds no images"):
        list_images(folder, "train")


def test_missing_source_split_and_classes_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"Expected an image folder .* nothing is there"):
        list_images(tmp_path / "none", "train")
    folder = write_folder(tmp_path / "d", {"train": 1})
    with pytest.raises(FileNotFoundError, match="has no folder 'val'; it needs one"):
        list_images(folder, "val")
    (tmp_path / "bare").mkdir()
    with pytest.raises(ValueError, match="holds no class folders"):
        list_images(tmp_path / "bare", None)


def test_file_that_is_no_tar_is_named(tmp_path):
    (tmp_path / "d.tar").write_text("no tar")
    with pytest.raises(ValueError, match=r"d\.tar cannot be read as a tar"):
        list_images(tmp_path / "d.tar", "train")
