"""The command line: several pictures, one of them broken, tables and figures that can be read again."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from analysis.attention_rules import ATTENTIONS, attention_rules
from analysis.cli import main
from stvit import STViT, STViTConfig
from stvit.weights import save_weights

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
    return main([*words, "--metrics", "entropy", "token_cosine", *more])


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
    assert set(attention_rules(ATTENTIONS)) == set(ATTENTIONS)
