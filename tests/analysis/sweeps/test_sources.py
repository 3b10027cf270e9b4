"""What a dataset is, and which classes its folders are."""

import io
import tarfile

import pytest

from analysis.sweeps.items import Item
from analysis.sweeps.labels import labels_of
from analysis.sweeps.sources import braces, find_items
from stvit.images import ImageError


def test_braces_are_those_of_a_shell():
    assert list(braces("a")) == ["a"]
    assert list(braces("{9..11}")) == ["9", "10", "11"]
    assert list(braces("{train,val}/x-{01..02}.tar")) == [
        "train/x-01.tar",
        "train/x-02.tar",
        "val/x-01.tar",
        "val/x-02.tar",
    ]


def write_tar(path, members):
    with tarfile.open(path, "w") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def test_webdataset_says_classes_in_files_of_the_same_key(tmp_path):
    path = write_tar(tmp_path / "w.tar", {"0.cls": b"3\n", "0.jpg": b"first", "1.JPG": b"second", "1.txt": b"no"})
    items, _ = find_items([str(path)], tmp_path / "out")
    assert [(item.label, item.read().data) for item in items] == [(3, b"first"), (None, b"second")]
    assert labels_of(items, 5, None) == [3, None]
    assert labels_of(items, 2, None) == [None, None]


def test_folders_name_classes_and_the_folder_that_was_named_does_not(tmp_path):
    for name in ("b/1.png", "a/2.png", "3.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    items, _ = find_items([str(tmp_path)], tmp_path / "out")
    assert {item.name.rpartition("/")[2]: item.folder for item in items} == {"1.png": "b", "2.png": "a", "3.png": ""}
    assert labels_of(items, 2, None) == [{"a": 0, "b": 1, "": None}[item.folder] for item in items]
    assert labels_of(items, 3, ("x", "B", "A")) == [{"a": 2, "b": 1, "": None}[item.folder] for item in items]
    assert labels_of(items, 3, None) == [None, None, None]


def test_what_is_named_twice_counts_once(tmp_path):
    (tmp_path / "1.png").write_bytes(b"x")
    items, _ = find_items([str(tmp_path), str(tmp_path / "1.png"), str(tmp_path / "*.png")], tmp_path / "out")
    assert len(items) == 1


def test_a_torn_tar_is_an_error_of_its_picture(tmp_path):
    path = write_tar(tmp_path / "w.tar", {"0.jpg": b"0123456789"})
    (item,) = find_items([str(path)], tmp_path / "out")[0]
    path.write_bytes(path.read_bytes()[: item.offset + 3])
    with pytest.raises(ImageError, match="tar ends before this picture"):
        item.read()
    path.unlink()
    with pytest.raises(ImageError, match="tar cannot be read"):
        item.read()
    with pytest.raises(ImageError):
        Item("a", str(path), 0, 10**12).read()


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.tar.gz", b"x", "is compressed"),
        ("a.tar", b"no tar at all" * 100, "cannot be read"),
        ("a.tar", None, "holds no picture"),
        ("a.txt", b"\n \n", "names no picture"),
    ],
)
def test_what_holds_no_pictures_is_one_sentence(tmp_path, name, data, words):
    path = tmp_path / name
    write_tar(path, {"notes.md": b""}) if data is None else path.write_bytes(data)
    with pytest.raises((ValueError, FileNotFoundError), match=words):
        find_items([str(path)], tmp_path / "out")


@pytest.mark.parametrize("name", ["absent", "absent-*.tar", "absent-{0..3}.tar"])
def test_what_is_not_there_is_one_sentence(tmp_path, name):
    with pytest.raises(FileNotFoundError, match=r"There is no .*absent"):
        find_items([str(tmp_path / name)], tmp_path / "out")
