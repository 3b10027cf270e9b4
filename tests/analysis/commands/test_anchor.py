"""The maps around one token, as pictures and numbers, and the command that makes them."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from analysis.commands.main import main
from analysis.one_token.anchor import anchor_maps, arrays_of, table_of
from analysis.one_token.region import Region, region_tokens
from stvit import BlockId, STViT, STViTConfig, capture

CONFIG = STViTConfig(
    num_classes=3, embed_dims=(8, 8, 8, 8), depths=(1, 1, 1, 1), num_heads=(2, 2, 2, 2), projection_dim=8
)
TOKEN = 5 * 24 + 7


@pytest.fixture
def record():
    return capture(STViT(CONFIG).eval(), torch.randn(1, 3, 64, 96))[BlockId(0, 0)]


def test_maps_are_the_rows_of_the_library(record):
    found = {entry.title: entry.values for entry in anchor_maps(record, 1, TOKEN)}
    attention = record.token_attention()
    outgoing, incoming = attention.row(TOKEN, 1), attention.column(TOKEN, 1)
    np.testing.assert_array_equal(found["Super token attention, outgoing"].ravel(), outgoing)
    np.testing.assert_array_equal(found["Super token attention, incoming"].ravel(), incoming)
    assert found["Global attention, outgoing"].sum() == pytest.approx(1, abs=1e-5)
    local = found["Local attention, outgoing (7 × 7)"]
    assert local[0:7, 7:14].sum() == pytest.approx(1, abs=1e-5)  # the window that holds token (5, 7)


def test_association_map_shows_each_weight_on_the_tokens_of_its_super_token(record):
    values = {entry.kind: entry.values for entry in anchor_maps(record, None, TOKEN)}["association"].ravel()
    index, weight = record.association.index[0, TOKEN].tolist(), record.association.weight[0, TOKEN].tolist()
    for token, label in enumerate(record.labels()[0].flatten().tolist()):
        expected = weight[index.index(label)] if label in index else 0
        assert values[token] == pytest.approx(expected, abs=1e-7)


def test_maps_of_a_region_are_the_means_of_its_tokens(record):
    region = Region("rectangle", 250, 125)
    tokens = region_tokens(region, record, *record.grid.position(TOKEN))
    assert len(tokens) == 4 * 3
    found = {entry.name: entry.values.ravel() for entry in anchor_maps(record, 1, TOKEN, region)}
    each = [{entry.name: entry.values.ravel() for entry in anchor_maps(record, 1, int(token))} for token in tokens]
    for name, values in found.items():
        np.testing.assert_allclose(values, np.mean([maps[name] for maps in each], axis=0), rtol=1e-4, atol=1e-7)


def test_tables_keep_every_value(record):
    maps = list(anchor_maps(record, None, TOKEN))
    table = table_of(maps)
    assert list(table.columns[:3]) == ["row", "column", "super_token_attention_outgoing"]
    at = table[(table["row"] == 3) & (table["column"] == 9)]
    assert at["global_attention_outgoing"].item() == maps[2].values[3, 9]
    assert set(arrays_of(maps)) == set(table.columns[2:])
    renamed = [dataclasses.replace(found, title=f"{number}") for number, found in enumerate(maps)]
    assert list(table_of(renamed)) == list(table), "columns are no headings"


def test_refuses_a_token_that_does_not_exist(record):
    with pytest.raises(IndexError, match="Token 9999 does not exist"):
        list(anchor_maps(record, None, 9999))


WORDS = ["export", "anchor", "--sample", "cat", "--random", "stvit_demo", "--size", "64", "--row", "5", "--column", "7"]


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf", "csv", "npz"])
def test_command_writes_what_the_ending_says(tmp_path, suffix):
    out = tmp_path / f"maps.{suffix}"
    assert main([*WORDS, "--out", str(out)]) == 0
    if suffix == "png":
        with Image.open(out) as figure:
            assert min(figure.size) > 600
    elif suffix == "csv":
        assert len(pd.read_csv(out)) == 16 * 16
    elif suffix == "npz":
        with np.load(out) as arrays:
            assert arrays["association"].shape == (16, 16)
    else:
        assert out.read_bytes()[:5] == (b"<?xml" if suffix == "svg" else b"%PDF-")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (["--row", "99"], "lies outside the grid"),
        (["--stage", "7"], "There is no block 1 in a stage 7; this model has "),
        (["--head", "9"], "Head 9 does not exist; stage 1, block 1 has heads 1 to "),
        (["--out", "maps.doc"], "let --out end in"),
        (["--size", "7"], "7"),
    ],
)
def test_bad_words_are_one_sentence(tmp_path, monkeypatch, capsys, changed, message):
    monkeypatch.chdir(tmp_path)
    assert main([*WORDS, "--out", "maps.png", *changed]) == 1
    said = capsys.readouterr().err.strip()
    assert message in said
    assert len(said.splitlines()) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("region", ["super", "segment", "rectangle"])
def test_command_outlines_a_region(tmp_path, region):
    words = ["export", "anchor", "--sample", "cat", "--size", "64", "--row", "5", "--column", "7", "--region", region]
    for suffix in ("npz", "png", "svg"):
        assert main([*words, "--out", str(tmp_path / f"maps.{suffix}")]) == 0
    with np.load(tmp_path / "maps.npz") as arrays:
        assert arrays["region"].shape == (16, 16)
        assert arrays["region"][5, 7]
        count = int(arrays["region"].sum())
    said = " ".join((tmp_path / "maps.svg").read_text(encoding="utf-8").split())
    word = "super token" if region == "super" else region
    assert f"{word} of {count} token" in said
