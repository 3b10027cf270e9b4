"""The command that holds groupings against what people drew: tables, summary, figures, and what is left out."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from PIL import Image

from analysis.commands.main import main
from analysis.grouping.boundary_scores import boundary_recall
from analysis.grouping.overlap_scores import undersegmentation_error
from analysis.grouping.scores import explained_variation
from analysis.superpixels.table import COLUMN_TYPES
from stvit import STViT, STViTConfig
from stvit.weights.load import save_weights

CONFIG = STViTConfig(
    num_classes=3, embed_dims=(8, 8, 8, 8), depths=(1, 1, 1, 1), num_heads=(1, 2, 2, 2), projection_dim=8
)
SHAPE = (64, 96)


@pytest.fixture
def data(tmp_path):
    """Two pictures with a truth of two annotators each."""
    random = np.random.default_rng(0)
    (tmp_path / "images").mkdir()
    (tmp_path / "truth").mkdir()
    for number, name in enumerate(("one", "two")):
        image = random.integers(0, 256, (8, 12, 3), np.uint8).repeat(8, 0).repeat(8, 1)
        Image.fromarray(image).save(tmp_path / "images" / f"{name}.png")
        rows, columns = np.indices(SHAPE)
        np.savez(tmp_path / "truth" / f"{name}.npz", a=columns // (30 + number), b=rows // 20)
    save_weights(STViT(CONFIG), tmp_path / "tiny.safetensors")
    return tmp_path


def run(data, *more, out="out") -> int:
    words = ["--images", data / "images", "--truth", data / "truth", "--out", data / out]
    return main(["superpixels", *map(str, words), "--weights", str(data / "tiny.safetensors"), "--sizes", "64", *more])


SOME = ("--methods", "grid", "super", "random")


def test_writes_every_table_and_figure(data, capsys):
    assert run(data, *SOME) == 0
    out = data / "out"
    scores, summary = pd.read_parquet(out / "scores.parquet"), pd.read_csv(out / "summary.csv")
    assert list(scores.columns) == list(COLUMN_TYPES)
    assert scores.groupby(["image", "method", "resolution", "stage", "block"], dropna=False).size().eq(2).all()
    assert set(summary["pictures"]) == {2}
    assert "Means over 2 pictures" in (out / "summary.md").read_text()
    for name in ("curves_stage_1", "curves_stage_2", "curves_pixels", "best_and_worst"):
        with Image.open(out / f"{name}.png") as figure:
            assert min(figure.size) > 300
    assert "Scored 2 of 2 pictures with a truth" in capsys.readouterr().out


def test_the_scores_are_those_of_the_functions(data):
    assert run(data, "--methods", "grid", "--on", "pixel", "--counts", "24") == 0
    scores = pd.read_parquet(data / "out" / "scores.parquet")
    rows, columns = np.indices(SHAPE)
    cells = rows // 16 * 6 + columns // 16
    for number, name in enumerate(("one", "two")):
        image = np.array(Image.open(data / "images" / f"{name}.png"))
        for annotator, truth in enumerate((columns // (30 + number), rows // 20)):
            chosen = scores["image"].str.endswith(f"{name}.png") & (scores["annotator"] == annotator)
            row = scores[chosen].squeeze()
            assert row["segments"] == 24
            assert row["tolerance"] == 0
            assert row["boundary_recall"] == pytest.approx(boundary_recall(cells, truth))
            assert row["undersegmentation_error"] == pytest.approx(undersegmentation_error(cells, truth))
            assert row["explained_variation"] == pytest.approx(explained_variation(cells, image))


def test_the_same_command_continues_where_it_stopped(data, capsys, monkeypatch):
    run(data, *SOME, out="whole")
    from analysis.superpixels import rows

    def interrupted(model, image, truth, plan, name, **settings):
        if name.endswith("two.png"):
            raise KeyboardInterrupt
        return rows.picture_table(model, image, truth, plan, name, **settings)

    with monkeypatch.context() as patch:
        patch.setattr("analysis.commands.superpixels_run.picture_table", interrupted)
        assert run(data, *SOME) == 130
    assert len(list((data / "out" / "pictures").glob("*.parquet"))) == 1
    assert run(data, *SOME) == 0
    assert "1 of 2 pictures were scored before." in capsys.readouterr().out
    for name in ("scores.parquet", "summary.csv", "areas.csv"):
        assert (data / "out" / name).read_bytes() == (data / "whole" / name).read_bytes()


def test_another_truth_or_setting_is_another_table(data, capsys):
    run(data, *SOME)
    np.savez(data / "truth" / "one.npz", a=np.indices(SHAPE)[0] // 9)
    capsys.readouterr()
    run(data, *SOME)
    assert "1 of 2 pictures were scored before." in capsys.readouterr().out
    run(data, *SOME, "--tolerance", "3")
    assert "before" not in capsys.readouterr().out
    assert set(pd.read_parquet(data / "out" / "scores.parquet")["tolerance"]) == {3}


def test_a_truth_that_is_missing_double_or_of_another_size_is_named(data, capsys):
    for name in ("missing", "double", "wrong"):
        Image.fromarray(np.zeros((*SHAPE, 3), np.uint8)).save(data / "images" / f"{name}.png")
    np.savez(data / "truth" / "wrong.npz", a=np.zeros((64, 95), int))
    for suffix in ("mat", "npz"):
        (data / "truth" / f"double.{suffix}").write_bytes(b"")
    assert run(data, *SOME) == 0
    said = capsys.readouterr().err.splitlines()
    assert [line.split(": ", 1)[1][:30] for line in said if "missing.png" in line] == [
        "there is no truth for it in " + str(data)[:2]
    ]
    assert any("double.png" in line and "several truths" in line for line in said)
    assert any("wrong.png" in line and "64 x 95 and the picture 64 x 96 pixels" in line for line in said)
    assert len(said) == 3


def test_pixels_to_ignore_are_those_of_8_bit_pictures(data):
    truth = np.where(np.indices(SHAPE)[0] < 20, 255, np.indices(SHAPE)[1] // 40).astype(np.uint8)
    (data / "truth" / "one.npz").unlink()
    Image.fromarray(truth).save(data / "truth" / "one.png")
    for ignore, counted in (("255", truth[truth != 255]), ("-1", truth)):
        run(data, "--methods", "grid", "--on", "pixel", "--counts", "1", "--ignore", ignore, out=f"out{ignore}")
        scores = pd.read_parquet(data / f"out{ignore}" / "scores.parquet")
        found = scores[scores["image"].str.endswith("one.png")]["oracle_mean_iou"].item()
        sizes = np.unique(counted, return_counts=True)[1]
        assert found == pytest.approx(sizes.max() / counted.size / len(sizes))


def test_every_second_picture_is_the_first_of_two(data):
    assert run(data, *SOME, "--every", "2") == 0
    assert set(pd.read_parquet(data / "out" / "scores.parquet")["image"]) == {str(data / "images" / "one.png")}


def test_nothing_is_written_where_nothing_has_a_truth(data, capsys):
    for path in (data / "truth").iterdir():
        path.unlink()
    assert run(data) == 1
    assert not (data / "out").exists()
    assert "No picture has a truth" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--counts", "0"), "at least 1, got 0"),
        (("--tolerance", "-1"), "at least 0 pixels, got -1"),
        (("--sizes", "7"), "32"),
        (("--every", "0"), "at least 1, got 0"),
    ],
)
def test_settings_that_make_no_sense_are_one_sentence(data, capsys, more, words):
    assert run(data, *more) == 1
    said = capsys.readouterr().err.strip()
    assert words in said
    assert len(said.splitlines()) == 1


def test_every_file_has_one_schema(data):
    run(data, *SOME)
    joined = pq.read_schema(data / "out" / "scores.parquet")
    for path in (data / "out" / "pictures").glob("*.parquet"):
        assert pq.read_schema(path).equals(joined)
