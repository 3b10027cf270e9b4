"""What goes wrong when many pictures are measured: nothing is lost, nothing old stays, everything left out is named."""

import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from analysis.commands.main import main
from analysis.many_pictures.files import list_pictures
from stvit import STViT, STViTConfig
from stvit.images import prepare, read_picture
from stvit.weights.load import save_weights
from tests.support.hostile_names import HOSTILE_NAMES, NOT_UTF8

CONFIG = STViTConfig(
    num_classes=3, embed_dims=(8, 8, 8, 8), depths=(1, 1, 1, 1), num_heads=(1, 2, 2, 2), projection_dim=8
)
RESULTS = ("ledger.parquet", "ledger.csv", "summary.csv")


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "tiny.safetensors"
    save_weights(STViT(CONFIG), path)
    return path


def picture(path: Path, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (64, 64, 3), np.uint8)).save(path, "PNG")
    return path


@pytest.fixture
def folder(tmp_path):
    picture(tmp_path / "pictures" / "one.png", 1)
    picture(tmp_path / "pictures" / "two.png", 2)
    return tmp_path / "pictures"


def run(named, weights, out, *more) -> int:
    named = named if isinstance(named, list) else [named]
    words = ["measure", *map(str, named), "--out", str(out), "--weights", str(weights), "--size", "64"]
    return main([*words, "--formats", "png", "--metrics", "entropy", "token_cosine", *more])


def images(out: Path) -> set[str]:
    return set(pd.read_parquet(out / "ledger.parquet")["image"])


# ---------------------------------------------------------------- results are no pictures


def check_second_run(named, weights, out):
    assert run(named, weights, out) == 0
    first = {name: (out / name).read_bytes() for name in RESULTS}
    assert any(path.suffix == ".png" for path in out.iterdir())
    assert run(named, weights, out) == 0
    assert {name: (out / name).read_bytes() for name in RESULTS} == first


def test_results_inside_the_folder_of_the_pictures_are_not_measured(folder, weights):
    check_second_run(folder, weights, folder / "results")


def test_results_are_not_measured_through_a_link_to_them(folder, weights, tmp_path):
    out = tmp_path / "results"
    (folder / "link").symlink_to(out)
    out.mkdir()
    check_second_run(folder, weights, out)


def test_results_are_not_measured_when_the_folder_is_named_through_a_link(folder, weights, tmp_path):
    (tmp_path / "link").symlink_to(folder)
    check_second_run(tmp_path / "link", weights, folder / "results")


def test_a_link_to_one_of_the_results_is_not_measured(folder, weights, tmp_path):
    out = tmp_path / "results"
    (folder / "figure.png").symlink_to(out / "entropy_by_depth.png")
    check_second_run(folder, weights, out)


def test_results_among_named_files_are_left_out_and_named(folder, weights, capsys):
    out = folder / "results"
    assert run(sorted(folder.iterdir()), weights, out) == 0
    capsys.readouterr()
    assert run(sorted(folder.iterdir()), weights, out) == 0
    assert f"Skipped {out}: it lies in the folder of the results." in capsys.readouterr().err
    assert images(out) == {str(folder / "one.png"), str(folder / "two.png")}


def test_the_folder_of_the_pictures_cannot_be_that_of_the_results(folder, weights, capsys):
    assert run(folder, weights, folder) == 1
    said = capsys.readouterr().err
    assert "it lies in the folder of the results" in said
    assert "There is no picture to measure" in said
    assert sorted(path.name for path in folder.iterdir()) == ["one.png", "two.png"]


def test_figures_of_an_earlier_run_into_another_folder_are_not_measured(folder, weights, tmp_path, capsys):
    first = folder / "first"
    assert run(folder, weights, first) == 0
    picture(first / "mine.png", 3)
    picture(first / "entropy_by_depth.png", 4)  # somebody put a picture there: it is no figure of the run any more
    capsys.readouterr()
    assert run(folder, weights, tmp_path / "second") == 0
    assert f"Skipped {first}: its figures are results of an earlier run" in capsys.readouterr().err
    expected = ["first/entropy_by_depth.png", "first/mine.png", "one.png", "two.png"]
    assert images(tmp_path / "second") == {str(folder / name) for name in expected}


# ---------------------------------------------------------------- read once


def test_a_picture_that_changes_meanwhile_is_not_stored_under_its_old_bytes(folder, weights, tmp_path, monkeypatch):
    changed, other = folder / "two.png", picture(tmp_path / "other.png", 9)

    def swapped(source, *arguments, **settings):
        if source.name == "two.png":
            shutil.copy(other, changed)
        return prepare(source, *arguments, **settings)

    with monkeypatch.context() as patch:
        patch.setattr("analysis.any_model.prepare", swapped)
        assert run(folder, weights, tmp_path / "out") == 0
    assert run(folder, weights, tmp_path / "out") == 0
    assert run(folder, weights, tmp_path / "fresh") == 0
    for name in RESULTS:
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "fresh" / name).read_bytes()


def test_each_file_is_read_once(folder, weights, tmp_path, monkeypatch):
    read = []
    monkeypatch.setattr(
        "analysis.many_pictures.measuring.read_picture", lambda path: read.append(path) or read_picture(path)
    )
    assert run(folder, weights, tmp_path / "out") == 0
    assert read == [folder / "one.png", folder / "two.png"]


# ---------------------------------------------------------------- nothing old beside the new


def test_a_run_removes_what_the_last_one_wrote_and_leaves_files_of_others(folder, weights, tmp_path, monkeypatch):
    out = tmp_path / "out"
    assert run(folder, weights, out) == 0
    (out / "notes.txt").write_text("mine")
    (out / "my_entropy_by_depth.png").write_bytes(b"mine")
    assert (out / "entropy_heads_global.png").exists()
    monkeypatch.setattr("analysis.reports.many_pictures.CSV_ROWS", 3)
    assert run(folder, weights, out, "--attentions", "super", "--formats", "svg") == 0
    kept = {path.name for path in out.iterdir() if not path.name.startswith(".")}
    assert kept == {
        "pictures",
        "ledger.parquet",
        "summary.csv",
        "entropy_by_depth.svg",
        "entropy_heads_super.svg",
        "notes.txt",
        "my_entropy_by_depth.png",
    }


def test_a_file_that_somebody_changed_is_theirs(folder, weights, tmp_path):
    out = tmp_path / "out"
    assert run(folder, weights, out) == 0
    (out / "entropy_heads_global.png").write_bytes(b"retouched")
    assert run(folder, weights, out, "--attentions", "super") == 0
    assert (out / "entropy_heads_global.png").read_bytes() == b"retouched"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", json.dumps({"../victim.txt": "0", "x": 1}).encode()])
def test_a_list_of_files_from_elsewhere_removes_nothing(folder, weights, tmp_path, content):
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "victim.txt").write_text("kept")
    (out / ".files-of-measure.json").write_bytes(content)
    assert run(folder, weights, out) == 0
    assert (tmp_path / "victim.txt").read_text() == "kept"


@pytest.mark.parametrize("keep", [0, 1000])
def test_a_damaged_stored_table_is_measured_again_and_said(folder, weights, tmp_path, capsys, keep):
    out = tmp_path / "out"
    assert run(folder, weights, out) == 0
    whole = {name: (out / name).read_bytes() for name in RESULTS}
    damaged = sorted((out / "pictures").iterdir())[0]
    damaged.write_bytes(damaged.read_bytes()[:keep])
    capsys.readouterr()
    assert run(folder, weights, out) == 0
    said = capsys.readouterr()
    assert (
        len(re.findall(r"The stored table of .*\.png is damaged .*, so the picture is measured again\.", said.err)) == 1
    )
    assert "1 of 2 pictures were measured before." in said.out
    assert {name: (out / name).read_bytes() for name in RESULTS} == whole


# ---------------------------------------------------------------- not finite


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e30])
def test_weights_that_overflow_are_one_sentence_and_never_an_empty_summary(
    folder, tmp_path, capsys, monkeypatch, value
):
    model = STViT(CONFIG).eval()
    with torch.no_grad():
        model.stages[1].blocks[0].ffn_norm.weight.fill_(value)
        model.stages[2].blocks[0].ffn_norm.weight.fill_(value)
    monkeypatch.setattr("analysis.commands.measure_run.chosen_any_model", lambda which: (model, "broken"))
    out = tmp_path / "out"
    assert run(folder, tmp_path / "unused.safetensors", out) == 1
    said = capsys.readouterr().err
    assert said.count("The model gives numbers that are not finite") == 2
    assert "No picture could be measured" in said
    assert not list(out.iterdir())


# ---------------------------------------------------------------- one picture cannot end the batch

FAILURES = [
    MemoryError(),
    ZeroDivisionError("division by zero"),
    AssertionError(),
    RuntimeError("CUDA error"),
    KeyError(101),
    RecursionError(),
    OSError(5, "Input/output error"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x"),
    np.linalg.LinAlgError("did not converge"),
    StopIteration(),
    SystemError(),
    EOFError(),
    BufferError(),
]


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
def test_a_picture_can_fail_in_any_way_and_only_it_is_skipped(folder, weights, tmp_path, capsys, monkeypatch, error):
    def failing(source, *arguments, **settings):
        if source.name == "one.png":
            raise error
        return prepare(source, *arguments, **settings)

    monkeypatch.setattr("analysis.any_model.prepare", failing)
    for _ in range(2):  # at every restart
        assert run(folder, weights, tmp_path / "out") == 0
        said = capsys.readouterr()
        (line,) = said.err.splitlines()
        assert line.startswith(f"Skipped {folder / 'one.png'}: ")
        assert line.count("one.png") == 1, "the name is said once"
        assert line.endswith(".")
        assert "error: 101" not in line
        assert "Measured 1 of 2 pictures" in said.out
        assert images(tmp_path / "out") == {str(folder / "two.png")}


@pytest.mark.parametrize(
    "make", [lambda path: path.unlink(), lambda path: path.write_bytes(b"")], ids=["absent", "empty"]
)
def test_a_file_that_cannot_be_read_is_named_once(folder, weights, tmp_path, capsys, make):
    make(folder / "one.png")
    assert run([folder / "one.png", folder / "two.png"], weights, tmp_path / "out") == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.count("one.png") == 1


# ---------------------------------------------------------------- folders as they are


def test_linked_folders_are_followed_and_loops_are_refused_and_named(folder, tmp_path):
    picture(tmp_path / "elsewhere" / "three.png")
    (folder / "class").symlink_to(tmp_path / "elsewhere")
    (folder / "loop").symlink_to(folder)
    (tmp_path / "elsewhere" / "up").symlink_to(folder)
    (folder / "self").symlink_to(folder / "self")
    (folder / "gone.png").symlink_to(tmp_path / "nothing")
    found = list_pictures([folder])
    assert [path.relative_to(folder).as_posix() for path in found.pictures] == ["class/three.png", "one.png", "two.png"]
    named = {path.relative_to(folder).as_posix(): reason for path, reason in found.left_out}
    assert set(named) == {"loop", "class/up", "self", "gone.png"}
    assert named["loop"] == named["class/up"] == "this link leads back to a folder that holds it"


def test_two_links_to_one_folder_count_once_and_are_no_loop(folder, tmp_path):
    picture(tmp_path / "elsewhere" / "three.png")
    for name in ("a", "b"):
        (folder / name).symlink_to(tmp_path / "elsewhere")
    found = list_pictures([folder])
    assert len(found.pictures) == 3
    assert not found.left_out


def test_a_folder_without_permission_is_named(folder, weights, tmp_path, capsys, monkeypatch):
    picture(folder / "closed" / "three.png")
    listed = os.listdir

    def refused(path):  # the tests may run as root, who may read everything
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr("analysis.many_pictures.files.os.listdir", refused)
    assert run(folder, weights, tmp_path / "out") == 0
    assert f"Skipped {folder / 'closed'}: it cannot be read (Permission denied)." in capsys.readouterr().err


def test_pipes_and_devices_are_refused_and_not_read_for_ever(folder, weights, tmp_path, capsys):
    os.mkfifo(folder / "pipe.png")
    os.mkfifo(tmp_path / "named.png")
    (folder / "device.png").symlink_to("/dev/zero")
    assert run([folder, tmp_path / "named.png", Path("/dev/zero")], weights, tmp_path / "out") == 0
    said = capsys.readouterr()
    for path in (folder / "pipe.png", folder / "device.png", tmp_path / "named.png", Path("/dev/zero")):
        assert f"Skipped {path}: it is no file but a pipe, a socket or a device." in said.err
    assert "Measured 2 of 2 pictures" in said.out


def test_a_part_without_pictures_is_done(folder, weights, tmp_path, capsys):
    assert run(folder, weights, tmp_path / "out", "--part", "3/3") == 0
    assert "Part 3/3 holds none of the 2 pictures, so there is nothing to do." in capsys.readouterr().out
    assert not (tmp_path / "out").exists()


def test_a_folder_that_lies_where_columns_are_read_from_names_is_no_column(folder, weights, tmp_path):
    out = tmp_path / "stage=7" / "out"
    assert run(folder, weights, out) == 0
    assert run(folder, weights, out) == 0
    assert set(pd.read_csv(out / "ledger.csv")["stage"]) == {0, 1, 2, 3}


# ---------------------------------------------------------------- names


@pytest.mark.parametrize("name", HOSTILE_NAMES.values(), ids=HOSTILE_NAMES.keys())
def test_a_hostile_name_is_measured_and_makes_no_terminal_act(folder, weights, tmp_path, capsys, name):
    picture(folder / name)
    (folder / f"broken {name}"[-255:]).write_bytes(b"no picture")
    out = tmp_path / "out"
    assert run([folder], weights, out) == 0
    said = capsys.readouterr()
    assert not [letter for letter in said.out + said.err if not (letter.isprintable() or letter == "\n")]
    assert said.err.startswith("Skipped ")
    assert len(said.err.splitlines()) == 1
    shown = str(folder / name).translate({ord(letter): repr(letter)[1:-1] for letter in "\x1b\n\r"} | {7: "\\x07"})
    assert shown in images(out)
    assert shown in set(pd.read_csv(out / "ledger.csv")["image"])


def test_a_name_that_is_no_utf_8_is_measured(folder, weights, tmp_path):
    path = Path(os.fsdecode(os.fsencode(folder) + b"/" + NOT_UTF8))
    shutil.copy(folder / "one.png", path)
    assert run([path], weights, tmp_path / "out") == 0
    assert images(tmp_path / "out") == {f"{folder}/caf\\udce9.png"}


# ---------------------------------------------------------------- numbers


def test_parquet_csv_and_summary_agree_on_whole_numbers_from_0(folder, weights, tmp_path):
    out = tmp_path / "out"
    assert run(folder, weights, out) == 0
    parquet, csv = pd.read_parquet(out / "ledger.parquet"), pd.read_csv(out / "ledger.csv", dtype={"head": "Int64"})
    summary = pd.read_csv(out / "summary.csv", dtype={"head": "Int64"})
    for table in (parquet, csv, summary):
        assert {0, 1} <= set(table["head"].dropna())
        assert set(table["stage"]) == {0, 1, 2, 3}
        assert table[table["attention"] == "block"]["head"].isna().all()
        row = table[(table["stage"] == 1) & (table["head"] == 1) & (table["attention"] == "super")].iloc[0]
        assert row["where"] == "stage 2, block 1, head 2"
    assert list(parquet) == list(csv)
    np.testing.assert_array_equal(parquet["value"], csv["value"])
    assert ",0.0," not in (out / "ledger.csv").read_text()
    kinds = {field.name: str(field.type) for field in pq.read_schema(out / "ledger.parquet")}
    assert {kinds[name] for name in ("stage", "block", "head")} == {"int8"}
    assert kinds["value"] == "double"
    assert {kinds[name] for name in ("image", "attention", "metric", "unit", "where")} == {
        "dictionary<values=string, indices=int32, ordered=0>"
    }


# ---------------------------------------------------------------- progress


def test_a_log_gets_a_line_now_and_then_and_no_bar(folder, weights, tmp_path, capsys, monkeypatch):
    picture(folder / "three.png", 3)
    monkeypatch.setattr("analysis.many_pictures.progress.INTERVAL", 0.0)
    assert run(folder, weights, tmp_path / "out") == 0
    said = capsys.readouterr().err
    assert said.splitlines() == ["1 of 3 pictures done.", "2 of 3 pictures done."]


def test_a_short_run_says_nothing_meanwhile(folder, weights, tmp_path, capsys):
    assert run(folder, weights, tmp_path / "out") == 0
    assert capsys.readouterr().err == ""
