import errno
import multiprocessing
import os
import stat
from pathlib import Path

import pytest

from stvit import atomic_files
from stvit.atomic_files import OverwriteError, file_digest, refuse_overwriting, write_atomically
from stvit.error_text import sentence


@pytest.fixture(autouse=True)
def _forget_folders():
    atomic_files._remove_abandoned.cache_clear()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_bytes_and_functions_are_written(tmp_path):
    write_atomically(tmp_path / "new" / "a", b"one")
    write_atomically(str(tmp_path / "new" / "b"), lambda file: file.writelines([b"one", b"two"]))
    assert (tmp_path / "new" / "a").read_bytes() == b"one"
    assert (tmp_path / "new" / "b").read_bytes() == b"onetwo"
    assert names(tmp_path / "new") == ["a", "b"]


def test_a_new_file_has_the_usual_permissions(tmp_path):
    (tmp_path / "usual").write_bytes(b"")
    write_atomically(tmp_path / "a", b"")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == stat.S_IMODE((tmp_path / "usual").stat().st_mode)


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), OSError(errno.EIO, "broken"), KeyboardInterrupt()])
def test_a_failed_write_leaves_the_old_file(tmp_path, error):
    (tmp_path / "a").write_bytes(b"old")

    def fail(file):
        file.write(b"half")
        raise error

    with pytest.raises(type(error)) as caught:
        write_atomically(tmp_path / "a", fail)
    assert (tmp_path / "a").read_bytes() == b"old"
    assert names(tmp_path) == ["a"]
    if getattr(error, "errno", 0) == errno.ENOSPC:
        assert "The disk is full: a could not be written to" in str(caught.value)


def test_two_writers_with_one_process_id_do_not_meet(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "getpid", lambda: 7)
    partial = []

    def write_inside(file):
        partial.append(file.name)
        if len(partial) < 3:
            write_atomically(tmp_path / "a", write_inside)
        file.write(str(len(partial)).encode())

    write_atomically(tmp_path / "a", write_inside)
    assert len(set(partial)) == 3
    assert names(tmp_path) == ["a"]


def _write_often(path: Path, letter: bytes) -> None:
    for _ in range(20):
        write_atomically(path, letter * 100_000)


@pytest.mark.slow
def test_a_reader_never_sees_a_torn_file(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"x" * 100_000)
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_often, args=(path, letter)) for letter in (b"y", b"z")]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        data = path.read_bytes()
        assert len(data) == 100_000
        assert len(set(data)) == 1
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert names(tmp_path) == ["a"]


def test_old_partial_files_are_removed_and_nothing_else(tmp_path):
    kept = ["fresh.0123456789abcdef0123456789abcdef.part", "mine.part", "notes.0123.part"]
    for name in [*kept, "dead.00000000000000000000000000000000.part"]:
        (tmp_path / name).write_bytes(b"")
        if not name.startswith("fresh"):
            os.utime(tmp_path / name, (0, 0))
    write_atomically(tmp_path / "a", b"")
    assert names(tmp_path) == sorted(["a", *kept])


def test_the_longest_name_can_be_written(tmp_path):
    name = "é" * 127
    write_atomically(tmp_path / name, b"1")
    assert names(tmp_path) == [name]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    write_atomically(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


def test_a_folder_that_cannot_be_written_to_is_named_and_not_the_partial_file(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError, match=r"^\[Errno \d+\] 'a' cannot be written to '.*file' \(it is no folder\); choose"):
        write_atomically(tmp_path / "file" / "a", b"")

    def refused(*arguments):
        raise PermissionError(errno.EACCES, "Permission denied", "a.0.part")

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(PermissionError, match=r"'a' cannot be written to '.*' \(Permission denied\)") as caught:
        write_atomically(tmp_path / "a", b"")
    assert "part" not in sentence(caught.value)


def test_folders_and_pipes_are_not_replaced(tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("folder", "pipe"):
        with pytest.raises(OSError, match=f"{name}' is not a regular file; choose another name"):
            write_atomically(tmp_path / name, b"")
    assert names(tmp_path) == ["folder", "pipe"]


@pytest.mark.parametrize("name", ["photo.png", "./photo.png", "link.png", "hard.png"])
def test_an_input_is_not_overwritten(tmp_path, monkeypatch, name):
    (tmp_path / "photo.png").write_bytes(b"precious")
    (tmp_path / "link.png").symlink_to("photo.png")
    (tmp_path / "hard.png").hardlink_to(tmp_path / "photo.png")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OverwriteError, match=r"is read by this command and would be overwritten; choose another name"):
        write_atomically(name, b"figure", inputs=["absent.png", tmp_path / "photo.png"])
    assert (tmp_path / "photo.png").read_bytes() == b"precious"
    refuse_overwriting("other.png", [tmp_path / "photo.png"])


def test_file_digest_is_sha256(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    assert file_digest(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
