"""`export compare`: models or pictures side by side, as files."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from analysis import ledger
from analysis.backbones import load_backbone
from analysis.commands.main import main
from analysis.commands.views.compare import Compare
from stvit import BlockId, capture, create_model, load_pretrained
from stvit.images import prepare
from stvit.images.samples import sample_images
from tests.support.tiny_backbones import saved, tiny_network

PREPROCESSOR = {"size": 64, "resample": 2, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}


def write(tmp_path, suffix, *words):
    out = tmp_path / f"compare.{suffix}"
    assert main(["export", "compare", *map(str, words), "--out", str(out)]) == 0
    return out


def test_the_twins_that_ship_are_compared(tmp_path):
    words = ["--sample", "coffee", "--size", "64", "--depth", "0.15", "--down", "0.3", "--anchors", "4000"]
    table = pd.read_csv(write(tmp_path, "csv", *words))
    pixels = prepare(sample_images()["coffee"](), 64).pixels
    for name in ("twin-super", "twin-global"):
        cap = capture(load_pretrained(name), pixels)
        expected = ledger(cap, ("super",), ("entropy", "distance", "normalised_entropy"))
        own = table[table["model"] == name]
        np.testing.assert_allclose(own["value"], expected["value"], rtol=1e-5)
        with np.load(write(tmp_path, "npz", *words)) as arrays:
            number = arrays["models"].tolist().index(name) + 1
            record = cap[BlockId(0, 1)]
            assert arrays[f"block_{number}"].tolist() == [0, 1]
            row = (
                record.token_attention().row(record.grid.token(*arrays[f"token_{number}"].tolist()))
                * record.grid.num_tokens
            )
            np.testing.assert_allclose(arrays[f"times_uniform_{number}"].ravel(), row, rtol=1e-4)


def test_any_models_and_the_figure_holds_their_numbers(tmp_path):
    folder = saved(tiny_network("vit", image_size=64), tmp_path / "vit")
    (folder / "preprocessor_config.json").write_text(json.dumps(PREPROCESSOR))
    view = Compare(sample="cat", size=64, models=("random:stvit_demo", f"backbone:{folder}", "random:twin_conv"))
    assert Compare(**{**vars(view)}).words() == view.words()
    figure = view.report().figure()
    maps = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title() for axes in maps] == [
        "stvit_demo, random weights: stage 1, block 1",
        "ViT, vit: stage 1, block 1",
        "twin_conv, random weights: stage 1, block 1",
        "ViT, vit over stvit_demo, random weights",
        "twin_conv, random weights over stvit_demo, random weights",
    ]
    arrays = view.report().arrays()
    for number in (1, 2, 3):
        shown = np.asarray(maps[number - 1].images[1].get_array())
        np.testing.assert_allclose(shown, np.log10(np.clip(arrays[f"times_uniform_{number}"], 0.01, 100)))
    np.testing.assert_allclose(np.asarray(maps[3].images[1].get_array()), arrays["decades_over_first_2"])
    vit = load_backbone(folder)
    expected = ledger(vit.capture(vit.prepare(sample_images()["cat"](), 64).pixels), ("super",), ("entropy",))
    entropy = next(axes for axes in figure.axes if axes.get_ylabel() == "Entropy (nats)")
    line = next(line for line in entropy.lines if line.get_label() == "ViT, vit")
    np.testing.assert_allclose(line.get_ydata(), expected.groupby("block")["value"].mean(), rtol=1e-5)
    np.testing.assert_allclose(line.get_xdata(), [0.25, 0.75])


def test_one_model_on_two_pictures(tmp_path):
    path = tmp_path / "other.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 60, 3), np.uint8)).save(path)
    words = ["--sample", "cat", "--other-image", path, "--models", "random:stvit_demo", "--size", "64"]
    table = pd.read_csv(write(tmp_path, "csv", *words))
    model = create_model("stvit_demo", seed=0).eval()
    assert list(table["model"].unique()) == ["stvit_demo, random weights, cat", "stvit_demo, random weights, other.png"]
    expected = ledger(capture(model, prepare(path, 64).pixels), ("super",), ("entropy",))
    own = table[table["model"].str.contains("other") & (table["metric"] == "entropy")]
    np.testing.assert_allclose(own["value"], expected["value"], rtol=1e-5)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["--models", "demo"],
            "two or three models on one picture, or one model on two pictures; got 1 model and 1 picture.",
        ),
        (["--models", *["demo"] * 4], "got 4 models and 1 picture."),
        (["--models", "demo", "demo", "--other-sample", "coffee"], "got 2 models and 2 pictures."),
        (["--depth", "1.5"], "--depth is a share from 0 to 1, got 1.5."),
        (["--models", "demo", "backbone:nowhere"], "nowhere"),
        (["--models", "demo", "random:"], "Expected a model after 'random:'"),
        (["--models", "demo", "no-such-model"], "no-such-model"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(tmp_path, capsys, words, said):
    assert main(["export", "compare", "--sample", "cat", *words, "--out", str(tmp_path / "out.csv")]) == 1
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
