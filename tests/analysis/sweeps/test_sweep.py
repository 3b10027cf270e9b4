"""Sweeps: right tables whatever the dataset is, and whatever fails on the way."""

import errno
import gc
import json
import os
import tarfile
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from analysis import ledger
from analysis.backbones import load_backbone
from analysis.commands.main import main
from analysis.many_pictures.tables import SCHEMA
from analysis.sweeps import join, store
from analysis.sweeps.items import Item
from analysis.sweeps.job import SweepError, batches
from analysis.sweeps.local import run_locally
from analysis.sweeps.sources import find_items
from analysis.sweeps.store import Prediction, SweepStore
from analysis.sweeps.worker import Measurer, measurer_of_its_own_process
from stvit import capture
from stvit.images import prepare
from stvit.weights.load import model_from_file
from tests.support.sweep_models import other
from tests.support.sweeps import (
    SETTINGS,
    assert_same_results,
    command,
    dataset,
    job,
    picture,
    results,
    tables,
    tiny_weights,
)
from tests.support.tiny_backbones import PREPROCESSOR, saved, tiny_network


@pytest.fixture
def weights(tmp_path):
    return tiny_weights(tmp_path / "tiny.safetensors")


@pytest.fixture
def data(tmp_path):
    return dataset(tmp_path / "data", 5)


def sweep(data, weights, out, *more) -> int:
    return main(command(data, weights, out, "--workers", "0", *more))


@pytest.fixture
def done(data, weights, tmp_path):
    assert sweep(data, weights, tmp_path / "out") == 0
    return tmp_path / "out"


def test_rows_are_those_of_the_ledger(done, data, weights):
    table, pictures = results(done)
    model = model_from_file(weights)
    for row in pictures.itertuples():
        path = next(data.rglob(row.image))
        cap = capture(model, prepare(path, 64).pixels)
        expected = ledger(cap, SETTINGS.attentions, SETTINGS.metrics, anchors=20, seed=int(row.sha256[:12], 16))
        keys = ["stage", "block", "attention", "metric", "head"]
        expected = expected.sort_values(keys, ignore_index=True).drop(columns="image")
        got = table[table["image"] == row.image].sort_values(keys, ignore_index=True).drop(columns="image")
        pd.testing.assert_frame_equal(got, expected.astype(got.dtypes), rtol=1e-3, atol=1e-5)
        chances = cap.logits.softmax(-1)[0]
        assert row.prediction == int(chances.argmax())
        assert row.probability == pytest.approx(chances.max().item(), rel=1e-4)
        assert row.label == int(path.parent.name.removeprefix("class"))
        assert row.correct == (row.label == row.prediction)


def test_every_file_has_the_one_schema(done):
    for path in [*done.glob("ledger-*.parquet"), *tables(done)]:
        assert pq.read_schema(path).equals(SCHEMA)
    kinds = {field.name: str(field.type) for field in SCHEMA}
    assert {kinds[name] for name in ("stage", "block", "head")} == {"int8"}
    assert kinds["value"] == kinds["stderr"] == "double"
    assert pq.read_schema(done / "pictures.parquet").equals(join.PICTURES)
    said = json.loads((done / "sweep.json").read_text())
    assert (said["pictures"], said["errors"], said["settings"]["anchors"]) == (5, 0, 20)
    assert said["versions"]["torch"] == torch.__version__


def test_means_over_heads_are_those_of_the_ledger(data, weights, tmp_path, monkeypatch):
    monkeypatch.setattr(join, "FILE_BYTES", 1)
    monkeypatch.setattr(join, "GROUP_ROWS", 1)  # several files
    assert sweep(data, weights, tmp_path / "cut") == 0
    paths = sorted((tmp_path / "cut").glob("head_means-*.parquet"))
    assert len(paths) == 5
    assert all(pq.read_schema(path).equals(join.HEAD_MEANS) for path in paths)
    found = pd.concat(map(pd.read_parquet, paths)).astype({"image": str})
    place = ["image", "stage", "block", "attention", "metric", "unit"]
    assert not found.duplicated(place).any()
    found["image"] = found["image"].map(lambda name: Path(name).name)
    expected = results(tmp_path / "cut")[0].groupby(place)["value"].mean()
    got = found.astype({"attention": str, "metric": str, "unit": str}).set_index(place)["value"]
    assert len(got) == len(expected)
    np.testing.assert_allclose(got.loc[expected.index], expected, rtol=1e-12)


def test_estimates_have_errors_and_exact_numbers_none(done):
    table, _ = results(done)
    assert table.loc[table["metric"].eq("entropy") & table["stage"].eq(0), "stderr"].notna().all()
    assert table.loc[table["stage"].eq(3), "stderr"].isna().all()


def test_files_of_the_ledger_are_cut_at_their_size(done, data, weights, tmp_path, monkeypatch):
    monkeypatch.setattr(join, "FILE_BYTES", 1)
    monkeypatch.setattr(join, "GROUP_ROWS", 1)
    assert sweep(data, weights, tmp_path / "cut") == 0
    assert len(list((tmp_path / "cut").glob("ledger-*.parquet"))) == 5
    assert_same_results(tmp_path / "cut", done)
    monkeypatch.undo()
    assert sweep(data, weights, tmp_path / "cut") == 0  # nothing of the five files stays
    assert len(list((tmp_path / "cut").glob("ledger-*.parquet"))) == 1
    assert_same_results(tmp_path / "cut", done)


def test_a_second_run_measures_nothing(done, data, weights, monkeypatch, capsys):
    monkeypatch.setattr("analysis.sweeps.worker.captured", None)
    before = results(done)
    assert sweep(data, weights, done) == 0
    assert "5 of 5 pictures were measured before" in capsys.readouterr().out
    for was, now in zip(before, results(done), strict=True):
        pd.testing.assert_frame_equal(was, now)


def test_a_corrupt_picture_is_a_row_of_errors(done, data, weights, tmp_path, capsys):
    (data / "class0" / "torn.png").write_bytes((data / "class0" / "0.png").read_bytes()[:300])
    (data / "class1" / "empty.jpg").touch()
    assert sweep(data, weights, tmp_path / "again") == 0
    assert_same_results(tmp_path / "again", done)
    errors = pd.read_csv(tmp_path / "again" / "errors.csv")
    assert [Path(name).name for name in errors["image"]] == ["torn.png", "empty.jpg"]
    assert errors["reason"].str.len().gt(10).all()
    assert "Skipped" in capsys.readouterr().err


def test_only_the_picture_that_gives_no_numbers_is_left_out(done, data, weights, tmp_path, monkeypatch):
    def failing(cap, *rest, **more):
        if len(cap.logits) > 1 or cap.logits[0, 0] == third:
            raise ValueError("No numbers for it.")
        return ledger(cap, *rest, **more)

    third = capture(model_from_file(weights), prepare(data / "class0" / "2.png", 64).pixels).logits[0, 0]
    monkeypatch.setattr("analysis.sweeps.worker.ledger", failing)
    assert sweep(data, weights, tmp_path / "again") == 0
    assert pd.read_csv(tmp_path / "again" / "errors.csv")["reason"].tolist() == ["No numbers for it"]
    assert set(results(tmp_path / "again")[1]["image"]) == {"0.png", "1.png", "3.png", "4.png"}


def test_a_changed_picture_is_measured_anew(done, data, weights, tmp_path):
    picture(data / "class0" / "0.png", 99)
    assert sweep(data, weights, done) == 0
    assert sweep(data, weights, tmp_path / "fresh") == 0
    assert_same_results(done, tmp_path / "fresh")
    assert len(tables(done)) == 6


def test_other_settings_or_weights_are_other_tables(done, data, weights, tmp_path):
    assert sweep(data, weights, done, "--anchors", "30") == 0
    assert len(tables(done)) == 10
    one, two = SweepStore(done, "a"), SweepStore(done, "b")
    assert one.path("0") != two.path("0")
    for field, value in {
        "attentions": ("super",),
        "metrics": ("mass",),
        "anchors": None,
        "size": 96,
        "framing": "whole",
    }.items():
        assert job(weights, done, settings=replace(SETTINGS, **{field: value})).key != job(weights, done).key


def test_a_damaged_table_is_measured_again(done, data, weights, tmp_path):
    paths = sorted(tables(done))
    paths[0].write_bytes(paths[0].read_bytes()[:-20])
    paths[1].write_bytes(b"")
    assert sweep(data, weights, tmp_path / "fresh") == 0
    assert sweep(data, weights, done) == 0
    assert_same_results(done, tmp_path / "fresh")


def test_parts_are_joined_by_the_command_without_them(done, data, weights, tmp_path, capsys):
    out = tmp_path / "parts"
    for part in ("1/3", "2/3", "3/3"):
        assert sweep(data, weights, out, "--part", part) == 0
        assert not list(out.glob("ledger-*"))
    assert "the same command without --part joins them" in capsys.readouterr().out
    assert sweep(data, weights, out) == 0
    assert_same_results(out, done)
    assert sweep(data, weights, out, "--part", "9/9") == 0
    assert "nothing to measure" in capsys.readouterr().out


def test_two_sweeps_into_one_folder_at_once(done, data, weights, tmp_path):
    told = job(weights, tmp_path / "both" / "pictures")
    answers = {}

    def work(name):
        answers[name] = sweep(data, weights, tmp_path / "both")

    both = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    [one.start() for one in both]
    [one.join() for one in both]
    assert answers == {"a": 0, "b": 0}
    assert_same_results(tmp_path / "both", done)
    assert len(tables(tmp_path / "both")) == 5
    assert not list((tmp_path / "both").rglob("*.part"))
    assert told.folder.is_dir()


def test_a_full_disk_is_one_sentence_and_the_sweep_goes_on_later(done, data, weights, tmp_path, monkeypatch, capsys):
    written = []

    def full(path, content):
        written.append(path)
        if len(written) == 3:
            raise OSError(errno.ENOSPC, "The disk is full: free some space.")
        real(path, content)

    real = store.write_atomically
    monkeypatch.setattr(store, "write_atomically", full)
    out = tmp_path / "full"
    assert sweep(data, weights, out) == 1
    assert "The disk is full: free some space." in capsys.readouterr().err
    assert not list(out.glob("*.parquet"))
    assert sweep(data, weights, out) == 0
    assert_same_results(out, done)


def test_a_full_disk_while_joining_leaves_no_results_that_look_complete(done, data, weights, monkeypatch, capsys):
    def full(*_):
        raise OSError(errno.ENOSPC, "The disk is full: free some space.")

    monkeypatch.setattr(join, "_write_pictures", full)
    assert sweep(data, weights, done) == 1
    assert "disk is full" in capsys.readouterr().err
    assert not (done / "sweep.json").exists()


def test_weights_that_change_end_the_sweep(data, weights, tmp_path):
    changed = tmp_path / "changed.safetensors"
    told = job(weights, tmp_path / "out", load=partial(other, weights, changed))
    tiny_weights(changed, 4)
    with pytest.raises(SweepError, match="weights were changed during the sweep"):
        Measurer(told)


def test_a_tar_and_shards_give_what_their_files_give(done, data, weights, tmp_path):
    paths = sorted(data.rglob("*.png"))
    for number, part in enumerate((paths[:3], paths[3:])):
        with tarfile.open(tmp_path / f"shard-{number:03d}.tar", "w") as tar:
            for path in part:
                tar.add(path, path.relative_to(data))
    for number, name in enumerate(("shard-{000..001}.tar", "shard-*.tar")):
        out = tmp_path / f"sharded{number}"
        assert sweep(tmp_path / name, weights, out) == 0
        assert_same_results(out, done)
    named = tmp_path / "all.txt"
    named.write_text("\n".join(str(path.relative_to(tmp_path)) for path in paths) + "\n\n")
    assert sweep(named, weights, tmp_path / "list") == 0
    assert_same_results(tmp_path / "list", done)


def test_batches_are_the_same_whatever_is_there():
    items = [Item(letter, letter) for letter in "abcde"]
    assert [list(batch) for batch in batches(items, 2)] == [items[:2], items[2:4], items[4:]]


def test_here_and_reports(data, weights, tmp_path):
    items, _ = find_items([str(data)], tmp_path / "out")
    told = job(weights, tmp_path / "out", threads=None)
    first = [report for reports in run_locally(told, batches(items, 2), 0) for report in reports]
    again = [report for reports in run_locally(told, batches(items, 2), 0) for report in reports]
    assert [report.name for report in first] == [item.name for item in items]
    assert not any(report.before or report.error for report in first)
    assert all(report.before for report in again)
    table, prediction = SweepStore(told.folder, told.key).read(first[0].digest, "a name")
    assert set(table["image"].to_pylist()) == {"a name"}
    assert isinstance(prediction, Prediction)


def test_a_worker_uses_as_many_threads_as_it_is_told(weights, tmp_path):
    threads = torch.get_num_threads()
    try:
        with threadpool_limits(2, user_api="blas"):  # what NumPy starts with on two cores, and gets back afterwards
            measurer_of_its_own_process(job(weights, tmp_path / "out", threads=1))
            assert {one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"} == {1}
            assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(threads)
        gc.unfreeze()


def test_a_process_of_its_own_looks_for_garbage_among_new_objects_only(weights, tmp_path):
    gc.unfreeze()
    try:
        measurer_of_its_own_process(job(weights, tmp_path / "out", threads=None))
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--anchors", "1"], "--anchors is at least 2, or all"),
        (["--batch", "0"], "--batch is at least 1"),
        (["--workers", "-1"], "--workers is a number"),
        (["--address", "here"], "add --engine ray"),
    ],
)
def test_numbers_that_make_no_sense(data, weights, tmp_path, capsys, more, words):
    assert sweep(data, weights, tmp_path / "out", *more) == 1
    assert words in capsys.readouterr().err


def test_without_ray_it_says_how_to_install_it(data, weights, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    assert main(command(data, weights, tmp_path / "out", "--engine", "ray", "--workers", "1")) == 1
    assert "pip install 'ray[data]'" in capsys.readouterr().err


def test_all_rows_have_no_error(data, weights, tmp_path):
    assert sweep(data, weights, tmp_path / "out", "--anchors", "all") == 0
    assert results(tmp_path / "out")[0]["stderr"].isna().all()
    assert np.isfinite(results(tmp_path / "out")[0]["value"]).all()


def test_without_options_it_is_the_published_size_and_256_anchors(data, weights, tmp_path):
    words = ["sweep", str(data), "--weights", str(weights), "--out", str(tmp_path / "out"), "--workers", "0"]
    assert main([*words, "--metrics", "mass"]) == 0
    said = json.loads((tmp_path / "out" / "sweep.json").read_text())
    assert said["own_attention"] == "Super token attention"
    assert said["settings"] == {
        "attentions": ["super", "global"],
        "metrics": ["mass"],
        "anchors": 256,
        "size": 224,
        "framing": "crop",
    }


def test_wide_folders_stay_usable(done):
    assert all(len(path.parent.name) == 2 and path.name.startswith(path.parent.name) for path in tables(done))
    assert os.listdir(done / "pictures")


@pytest.mark.parametrize("name", ["dinov2_with_registers", "swinv2"])
def test_a_backbone_is_swept_with_the_numbers_of_its_ledger(data, tmp_path, name):
    pytest.importorskip("transformers", reason="transformers is installed with requirements-dev.txt")
    folder = saved(tiny_network(name), tmp_path / "backbone")
    (folder / "preprocessor_config.json").write_text(json.dumps(PREPROCESSOR))
    words = ["sweep", data, "--backbone", folder, "--out", tmp_path / "out", "--workers", 0, "--anchors", "all"]
    assert main([*map(str, words), "--metrics", "entropy"]) == 0
    table, pictures = results(tmp_path / "out")
    backbone = load_backbone(folder)
    pixels = backbone.prepare(data / "class0" / "0.png").pixels
    expected = ledger(backbone.capture(pixels), ("super", "global"), ["entropy"])
    keys = ["stage", "block", "attention", "head"]
    got = table[table["image"] == "0.png"].set_index(keys)["value"]
    assert len(got) == len(expected)
    np.testing.assert_allclose(got.loc[expected.set_index(keys).index], expected["value"], rtol=1e-4)
    logits = backbone.capture(pixels).logits[0]
    assert pictures.loc[0, "prediction"] == int(logits.argmax())
    said = json.loads((tmp_path / "out" / "sweep.json").read_text())
    assert said["settings"]["size"] is None
    assert said["own_attention"] == "Attention of the model"


def test_a_backbone_without_classes_predicts_nothing(data, tmp_path):
    pytest.importorskip("transformers", reason="transformers is installed with requirements-dev.txt")
    folder = saved(tiny_network("dinov2", "Dinov2Model"), tmp_path / "backbone")
    (folder / "preprocessor_config.json").write_text(json.dumps(PREPROCESSOR))
    words = ["sweep", data, "--backbone", folder, "--out", tmp_path / "out", "--workers", 0, "--metrics", "entropy"]
    assert main([*map(str, words)]) == 0
    _, pictures = results(tmp_path / "out")
    assert pictures[["prediction", "probability", "predicted_class", "correct"]].isna().all(axis=None)
