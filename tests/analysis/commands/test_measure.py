"""The command line: several pictures, one of them broken, tables and figures that can be read again."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from analysis.attention.kinds import KINDS, attention_rules
from analysis.commands.main import main
from analysis.redundancy.ledger import ledger
from stvit import STViT, STViTConfig
from stvit.images import prepare
from stvit.weights.load import save_weights

CONFIG = STViTConfig(
    num_classes=3, embed_dims=(8, 8, 8, 8), depths=(1, 1, 1, 1), num_heads=(1, 2, 2, 2), projection_dim=8
)


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "tiny.safetensors"
    save_weights(STViT(CONFIG), path)
    return path


@pytest.fixture
def pictures(tmp_path):
    random = np.random.default_rng(0)
    paths = [tmp_path / "one.png", tmp_path / "two.png"]
    for path in paths:
        Image.fromarray(random.integers(0, 255, (80, 120, 3), np.uint8)).save(path)
    return paths


def run(pictures, weights, out, *more) -> int:
    words = [*map(str, pictures), "--out", str(out), "--weights", str(weights), "--size", "64", "--formats", "png"]
    return main(["measure", *words, "--metrics", "entropy", "token_cosine", *more])


def test_writes_the_table_twice_and_figures(pictures, weights, tmp_path, capsys):
    assert run(pictures, weights, tmp_path / "out") == 0
    parquet = pd.read_parquet(tmp_path / "out" / "ledger.parquet")
    csv = pd.read_csv(tmp_path / "out" / "ledger.csv")
    assert len(parquet) == len(csv)
    assert set(parquet["image"]) == set(map(str, pictures))
    assert set(parquet["attention"]) == {"super", "global", "block"}
    for name in ("entropy_by_depth", "entropy_heads_super", "entropy_heads_global"):
        with Image.open(tmp_path / "out" / f"{name}.png") as figure:
            assert min(figure.size) > 300
    assert "Measured 2 of 2 pictures" in capsys.readouterr().out


def test_a_broken_picture_is_skipped_and_named(pictures, weights, tmp_path, capsys):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    assert run([broken, *pictures], weights, tmp_path / "out") == 0
    said = capsys.readouterr()
    assert f"Skipped {broken}: " in said.err
    assert "Measured 2 of 3 pictures" in said.out


def test_nothing_is_written_when_no_picture_works(weights, tmp_path, capsys):
    assert run([tmp_path / "absent.png"], weights, tmp_path / "out") == 1
    assert not list((tmp_path / "out").iterdir())
    assert "nothing was written" in capsys.readouterr().err


def test_unusable_weights_are_one_sentence(pictures, tmp_path, capsys):
    page = tmp_path / "page.pth"
    page.write_bytes(b"<html></html>")
    assert run(pictures, page, tmp_path / "out") == 1
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_every_name_of_an_attention_is_known():
    assert set(attention_rules(KINDS)) == set(KINDS)


# ---------------------------------------------------------------- many pictures


@pytest.fixture
def measured(monkeypatch):
    """Collect which pictures are really measured."""
    names: list[str] = []

    def counted(cap, *arguments, image_names, **settings):
        names.extend(image_names)
        return ledger(cap, *arguments, image_names=image_names, **settings)

    monkeypatch.setattr("analysis.commands.measure_run.ledger", counted)
    return names


def test_the_same_command_continues_where_it_stopped(pictures, weights, tmp_path, measured, capsys, monkeypatch):
    whole = tmp_path / "whole"
    run(pictures, weights, whole)
    measured.clear()

    def interrupted(picture, *arguments, **settings):
        if picture.name == pictures[1].name:
            raise KeyboardInterrupt
        return prepare(picture, *arguments, **settings)

    with monkeypatch.context() as patch:
        patch.setattr("analysis.any_model.prepare", interrupted)
        assert run(pictures, weights, tmp_path / "out") == 130
    assert "the same command continues" in capsys.readouterr().err
    assert run(pictures, weights, tmp_path / "out") == 0
    assert "1 of 2 pictures were measured before." in capsys.readouterr().out
    assert measured == list(map(str, pictures))
    for name in ("ledger.parquet", "ledger.csv", "summary.csv"):
        assert (tmp_path / "out" / name).read_bytes() == (whole / name).read_bytes()


def test_parts_measure_their_own_pictures_and_are_joined_at_the_end(pictures, weights, tmp_path, measured, capsys):
    folder, out = pictures[0].parent, tmp_path / "out"
    for number in (1, 2):
        assert run([folder], weights, out, "--part", f"{number}/2") == 0
        assert f"Measured 1 of 1 picture of part {number}/2" in capsys.readouterr().out
        assert measured[number - 1 :] == [str(pictures[number - 1])]
        assert [path.name for path in out.iterdir()] == ["pictures"]
    assert run([folder], weights, out) == 0
    assert len(measured) == 2
    run(pictures, weights, tmp_path / "whole")
    for name in ("ledger.parquet", "summary.csv"):
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_other_settings_are_measured_anew(pictures, weights, tmp_path, measured):
    run(pictures[:1], weights, tmp_path / "out")
    run(pictures[:1], weights, tmp_path / "out", "--framing", "whole")
    assert len(measured) == 2


def test_the_summary_is_the_mean_over_the_pictures(pictures, weights, tmp_path):
    run(pictures, weights, tmp_path / "out")
    whole = pd.read_parquet(tmp_path / "out" / "ledger.parquet")
    summary = pd.read_csv(tmp_path / "out" / "summary.csv")
    assert (summary["pictures"] == 2).all()
    assert summary["mean"].sum() == pytest.approx(whole["value"].sum() / 2)


def test_a_table_too_long_for_csv_is_parquet_only(pictures, weights, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("analysis.reports.many_pictures.CSV_ROWS", 3)
    assert run(pictures, weights, tmp_path / "out") == 0
    assert "so it is written as Parquet only" in capsys.readouterr().out
    assert not (tmp_path / "out" / "ledger.csv").exists()


def test_a_part_that_does_not_exist_is_refused(pictures, weights, tmp_path, capsys):
    with pytest.raises(SystemExit):
        run(pictures, weights, tmp_path / "out", "--part", "3/2")
    assert "A part is written like 3/16" in capsys.readouterr().err


def test_a_full_disk_stops_the_command_with_a_sentence(pictures, weights, tmp_path, capsys, monkeypatch):
    def full_disk(number):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("stvit.atomic_files.os.fsync", full_disk)
    assert run(pictures, weights, tmp_path / "out") == 1
    assert "The disk is full" in capsys.readouterr().err


def test_an_impossible_size_is_said_once(pictures, weights, tmp_path, capsys):
    assert run(pictures, weights, tmp_path / "out", "--size", "0") == 1
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()
