"""`--backbone FOLDER` of measure, export anchor and export redundancy."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text
from PIL import Image

from analysis.backbones import load_backbone
from analysis.commands.main import main
from analysis.commands.views.redundancy import Redundancy
from stvit import BlockId
from tests.support.tiny_backbones import PREPROCESSOR, saved, tiny_network


@pytest.fixture(scope="module", params=["dinov2_with_registers", "swinv2"])
def model(request, tmp_path_factory):
    folder = saved(tiny_network(request.param), tmp_path_factory.mktemp(request.param))
    (folder / "preprocessor_config.json").write_text(json.dumps(PREPROCESSOR))
    return folder


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "picture.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 70, 3), dtype=np.uint8)).save(path)
    return path


def record(model, picture, block, size=None):
    backbone = load_backbone(model)
    return backbone.capture(backbone.prepare(picture, size).pixels)[block]


def test_measure(model, picture, tmp_path, capsys):
    out = tmp_path / "out"
    words = ["measure", picture, "--out", out, "--backbone", model, "--metrics", "entropy", "mass", "--formats", "png"]
    assert main([*map(str, words)]) == 0, capsys.readouterr().err
    table = pd.read_csv(out / "ledger.csv")
    assert set(table["attention"]) == {"super", "global"}
    mass = table[(table.metric == "mass") & (table.attention == "super") & (table.stage == 0) & (table.block == 1)]
    kept = record(model, picture, BlockId(0, 1)).token_attention()
    expected = [kept.row_sums(head).mean().item() for head in range(2)]
    np.testing.assert_allclose(mass["value"], expected, rtol=1e-5)
    assert main([*map(str, words)]) == 0
    assert "1 of 1 picture were measured before" in capsys.readouterr().out


def test_anchor(model, picture, tmp_path):
    out = tmp_path / "anchor.npz"
    words = ["export", "anchor", picture, "--backbone", model, "--block", 2, "--head", 2, "--row", 1, "--column", 2]
    assert main([*map(str, words), "--size", "64", "--out", str(out)]) == 0
    found = record(model, picture, BlockId(0, 1), 64)
    with np.load(out) as arrays:
        row = arrays["block_attention_outgoing"]
        assert not [name for name in arrays if "super" in name or "association" in name]
    expected = found.token_attention().row(found.grid.token(1, 2), 1)
    np.testing.assert_allclose(row.ravel(), expected.numpy(), atol=1e-6)
    assert main([*map(str, words), "--out", str(tmp_path / "anchor.png")]) == 0
    assert (tmp_path / "anchor.png").stat().st_size > 10_000


def test_redundancy(model, picture, tmp_path):
    words = ["export", "redundancy", str(picture), "--backbone", str(model), "--block", "2"]
    for suffix in ("png", "csv"):
        assert main([*words, "--out", str(tmp_path / f"redundancy.{suffix}")]) == 0
    table = pd.read_csv(tmp_path / "redundancy.csv")
    assert {"mass", "entropy", "leakage"} <= set(table["metric"])
    assert not table["metric"].str.contains("association").any()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            "export anchor {picture} --backbone {model} --row 0 --column 0 --block 9",
            "no block 9 in a stage 1; .* blocks in",
        ),
        ("export anchor {picture} --backbone {model} --row 0 --column 0 --head 9", "has heads 1 to 2, or mean"),
        ("export anchor {picture} --backbone {model} --row 0 --column 0 --framing whole", "leave --framing out"),
        (
            "export anchor {picture} --backbone {picture} --row 0 --column 0",
            "is a file; name the folder with config.json",
        ),
        ("export anchor {picture} --backbone {picture}s --row 0 --column 0", "There is no folder"),
    ],
)
def test_what_does_not_fit_is_one_sentence(model, picture, tmp_path, capsys, words, said):
    out = ["--out", str(tmp_path / "x.png")]
    assert main([word.format(model=model, picture=picture) for word in words.split()] + out) == 1
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1
    assert re.search(said, error), error


def test_views_of_super_tokens_do_not_offer_it(model, picture, tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["export", "what-if", str(picture), "--backbone", str(model), "--out", str(tmp_path / "x.png")])
    assert "--backbone" in capsys.readouterr().err


def legends(figure):
    return {text.get_text() for axes in figure.axes if axes.get_legend() for text in axes.get_legend().get_texts()}


def test_figures_do_not_speak_of_super_tokens_where_there_are_none(model, picture, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        "analysis.reports.many_pictures.figure_bytes", lambda figure, suffix: drawn.append(figure) or b""
    )
    words = ["measure", picture, "--out", tmp_path / "out", "--backbone", model, "--metrics", "entropy"]
    assert main([*map(str, words), "--formats", "png"]) == 0
    drawn.append(Redundancy(image=picture, backbone=model, metrics=("entropy",)).report().figure())
    assert "Attention of the model" in legends(drawn[0]) & legends(drawn[-1])
    said = {text.get_text() for figure in drawn for text in figure.findobj(Text)}
    assert not [words for words in said if "Super token" in words]
    demo = Redundancy(image=picture, size=64, metrics=("entropy",)).report().figure()
    assert "Super token attention" in legends(demo)
