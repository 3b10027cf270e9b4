"""Sweeps of addresses: the same tables as of paths, whatever happens on the way."""

import json
import shutil
import tarfile

import fsspec
import pandas as pd
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from analysis.commands.main import main
from analysis.sweeps.remote import RemotePath, place_of
from analysis.sweeps.sources import find_items
from stvit.images import DEFAULT_LIMITS, ImageError
from tests.support.sweeps import assert_same_results, command, dataset, picture, tables, tiny_weights

DATA, OUT = "memory://bucket/data", "memory://bucket/out"


@pytest.fixture
def memory():
    """An empty store in this process."""
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]
    yield fsspec.filesystem("memory")
    MemoryFileSystem.store.clear()


@pytest.fixture
def weights(tmp_path):
    return tiny_weights(tmp_path / "tiny.safetensors")


@pytest.fixture
def data(tmp_path):
    return dataset(tmp_path / "data", 5)


@pytest.fixture
def expected(data, weights, tmp_path):
    assert main(command(data, weights, tmp_path / "expected", "--workers", "0")) == 0
    return tmp_path / "expected"


@pytest.fixture
def stored(memory, data):
    """The dataset in the store."""
    for path in data.rglob("*.png"):
        memory.pipe_file(f"/bucket/data/{path.relative_to(data)}", path.read_bytes())


def sweep(data, weights, out, *more) -> int:
    return main(command(data, weights, out, "--workers", "0", *more))


def downloaded(memory, folder):
    """Copy the results out of the store."""
    shutil.rmtree(folder, ignore_errors=True)
    for path in memory.find("/bucket/out"):
        target = folder / path.removeprefix("/bucket/out/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(memory.cat_file(path))
    return folder


def test_a_store_gives_the_tables_of_a_folder(stored, memory, weights, expected, tmp_path):
    assert sweep(DATA, weights, OUT) == 0
    found = downloaded(memory, tmp_path / "found")
    assert_same_results(found, expected)
    assert len(tables(found)) == 5
    wanted = {path.name for path in expected.iterdir() if not path.name.startswith(".")}
    assert {path.name for path in found.iterdir()} == wanted
    names = pd.read_parquet(found / "pictures.parquet")["image"]
    assert names.str.startswith(f"{DATA}/class").all()


def test_a_second_run_measures_nothing_and_a_later_picture_alone(
    stored, memory, weights, tmp_path, monkeypatch, capsys
):
    assert sweep(DATA, weights, OUT) == 0
    before = {path: memory.cat_file(path) for path in memory.find("/bucket/out")}
    with monkeypatch.context() as patched:
        patched.setattr("analysis.sweeps.worker.captured", None)
        assert sweep(DATA, weights, f"{OUT}/") == 0
    assert "5 of 5 pictures were measured before" in capsys.readouterr().out
    assert {path: memory.cat_file(path) for path in memory.find("/bucket/out")} == before
    memory.pipe_file("/bucket/data/class0/9.png", picture(tmp_path / "9.png", 9).read_bytes())
    assert sweep(DATA, weights, OUT) == 0
    assert "5 of 6 pictures were measured before" in capsys.readouterr().out


@pytest.mark.parametrize("cut", [0, 100, -20])
def test_a_damaged_table_is_measured_again(stored, memory, weights, expected, tmp_path, cut):
    assert sweep(DATA, weights, OUT) == 0
    table = next(path for path in memory.find("/bucket/out/pictures"))
    memory.pipe_file(table, memory.cat_file(table)[:cut])
    assert sweep(DATA, weights, OUT) == 0
    assert_same_results(downloaded(memory, tmp_path / "found"), expected)


def test_file_addresses_are_paths(data, weights, expected, tmp_path):
    assert sweep(data.as_uri(), weights, (tmp_path / "out").as_uri()) == 0
    assert_same_results(tmp_path / "out", expected)
    assert len(tables(tmp_path / "out")) == 5
    items = find_items([data.as_uri()], tmp_path / "out")[0]
    assert items == find_items([str(data)], tmp_path / "out")[0]


def test_worker_processes_take_file_addresses(data, weights, expected, tmp_path):
    words = command(data.as_uri(), weights, (tmp_path / "out").as_uri(), "--workers", "1")
    assert main(words) == 0
    assert_same_results(tmp_path / "out", expected)


def test_shards_and_lists_in_a_store(stored, memory, data, weights, expected, tmp_path):
    paths = sorted(data.rglob("*.png"))
    for number, part in enumerate((paths[:3], paths[3:])):
        with tarfile.open(tmp_path / "shard.tar", "w") as tar:
            for path in part:
                tar.add(path, path.relative_to(data))
        memory.put_file(str(tmp_path / "shard.tar"), f"/bucket/shard-{number:03d}.tar")
    lines = [str(path.relative_to(data)) for path in paths[:2]] + [
        f"{DATA}/{path.relative_to(data)}" for path in paths[2:]
    ]
    memory.pipe_file("/bucket/data/all.txt", "\n".join(lines).encode())
    named = ("memory://bucket/shard-{000..001}.tar", "memory://bucket/shard-*.tar", f"{DATA}/all.txt")
    for number, name in enumerate(named):
        assert sweep(name, weights, tmp_path / f"out{number}") == 0
        assert_same_results(tmp_path / f"out{number}", expected)


def test_a_list_on_disk_may_name_addresses(stored, data, tmp_path):
    (tmp_path / "all.txt").write_text(f"{DATA}/class0/0.png\ndata/class1/1.png\n")
    items, _ = find_items([str(tmp_path / "all.txt")], None)
    assert [(item.folder, item.read().data) for item in items] == [
        (f"class{number}", (data / f"class{number}" / f"{number}.png").read_bytes()) for number in (0, 1)
    ]


def test_what_goes_wrong_with_a_picture_is_a_row_of_errors(stored, memory, weights, expected, tmp_path, monkeypatch):
    memory.pipe_file("/bucket/data/class0/torn.png", b"no picture")
    memory.pipe_file("/bucket/data/class0/gone.png", b"gone by then")
    real = MemoryFileSystem.cat_file

    def without(self, path, *rest, **more):
        if path.endswith("gone.png"):
            raise FileNotFoundError(path)
        return real(self, path, *rest, **more)

    monkeypatch.setattr(MemoryFileSystem, "cat_file", without)
    assert sweep(DATA, weights, OUT) == 0
    found = downloaded(memory, tmp_path / "found")
    assert_same_results(found, expected)
    errors = pd.read_csv(found / "errors.csv")
    assert sorted(name.rpartition("/")[2] for name in errors["image"]) == ["gone.png", "torn.png"]
    assert errors["reason"].str.len().gt(10).all()


def test_a_store_that_refuses_ends_the_sweep_in_a_sentence_and_it_goes_on_later(
    stored, memory, weights, expected, tmp_path, monkeypatch, capsys
):
    real, written = MemoryFileSystem.pipe_file, []

    def full(self, path, value, **more):
        written.append(path)
        if len(written) == 3:
            raise RuntimeError("The quota of the bucket is used up.")
        real(self, path, value, **more)

    monkeypatch.setattr(MemoryFileSystem, "pipe_file", full)
    assert sweep(DATA, weights, OUT) == 1
    assert "The quota of the bucket is used up." in capsys.readouterr().err
    assert len(memory.find("/bucket/out")) == 2
    assert sweep(DATA, weights, OUT) == 0
    assert_same_results(downloaded(memory, tmp_path / "found"), expected)


@pytest.mark.parametrize("at", range(5))
def test_results_that_were_not_all_put_do_not_look_complete(
    stored, memory, weights, expected, tmp_path, monkeypatch, at
):
    """Whoever is killed between two files leaves no sweep.json, and the next run puts all of them."""
    assert sweep(DATA, weights, OUT) == 0
    memory.pipe_file("/bucket/out/ledger-00001.parquet", b"of an earlier, larger sweep")
    real, put = RemotePath.upload, []

    def killed(self, file):
        put.append(self.name)
        if len(put) > at:
            raise KeyboardInterrupt
        real(self, file)

    with monkeypatch.context() as patched:
        patched.setattr(RemotePath, "upload", killed)
        assert sweep(DATA, weights, OUT) == 130
    assert put[-1] == "sweep.json" or len(put) < 5
    assert not memory.exists("/bucket/out/sweep.json")
    assert sweep(DATA, weights, OUT) == 0
    found = downloaded(memory, tmp_path / "found")
    assert_same_results(found, expected)
    assert json.loads((found / "sweep.json").read_text())["pictures"] == 5


@pytest.mark.parametrize(
    ("at", "address", "words"),
    [
        (1, "nowhere://bucket/val", "no address that fsspec knows"),
        (5, "http://host/results", "may keep half a file if a run is killed; results go to a folder or to"),
        (1, "memory://bucket/absent", "There is no memory://bucket/absent; check the path"),
        (1, "memory://bucket/absent-*.tar", "There is no memory://bucket/absent-"),
    ],
)
def test_an_address_that_cannot_be_used_is_one_sentence(memory, data, weights, tmp_path, capsys, at, address, words):
    arguments = command(data, weights, tmp_path / "out", "--workers", "0")
    arguments[at] = address
    assert main(arguments) == 1
    assert words in capsys.readouterr().err


def test_a_store_without_pictures_is_one_sentence(memory):
    memory.pipe_file("/bucket/notes/a.md", b"")
    with pytest.raises(FileNotFoundError, match="holds no picture"):
        find_items(["memory://bucket/notes"], None)


def test_memory_is_of_one_process(stored, weights, tmp_path, capsys):
    assert main(command(DATA, weights, tmp_path / "out", "--workers", "2")) == 1
    assert "exists in this process alone; add --workers 0" in capsys.readouterr().err


def test_no_more_of_an_object_is_read_than_a_picture_may_have(memory, monkeypatch):
    memory.pipe_file("/bucket/big.png", b"x" * 100)
    (item,) = find_items(["memory://bucket/big.png"], None)[0]
    assert item.folder == ""
    asked = []
    monkeypatch.setattr(MemoryFileSystem, "cat_file", lambda self, path, start, end: asked.append((start, end)) or b"")
    with pytest.raises(ImageError):
        item.read()
    assert asked == [(0, DEFAULT_LIMITS.max_bytes + 1)]


def test_parts_of_an_address():
    path = RemotePath("s3://bucket/val/a.JPG")
    assert (path.name, path.suffix, str(path.parent)) == ("a.JPG", ".JPG", "s3://bucket/val")
    assert place_of("memory://bucket/") / "a" == RemotePath("memory://bucket/a")
