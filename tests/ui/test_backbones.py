"""A model of the transformers library in the app: chosen by folder, shown where its records suffice, never fetched."""

import json

import numpy as np
import pytest

from analysis.backbones import load_backbone
from stvit.images.samples import sample_images
from tests.support.app_support import check_fine, opened, opened_sidebar, texts
from tests.support.tiny_backbones import saved, tiny_network
from ui.pages.registry import PAGES

PREPROCESSOR = {"size": 42, "resample": 2, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
SHOWN = ("explore", "redundancy", "compare", "dataset", "snapshots")


@pytest.fixture(scope="module", params=["dinov2_with_registers", "swinv2"])
def folder(request, tmp_path_factory):
    settings = {"patch_size": 14} if request.param.startswith("dino") else {}
    path = saved(tiny_network(request.param, **settings), tmp_path_factory.mktemp("models") / request.param)
    (path / "preprocessor_config.json").write_text(json.dumps(PREPROCESSOR))
    return path


def test_a_folder_is_loaded_and_run_as_its_own_file_says(folder):
    app = opened_sidebar(variant="Hugging Face model", backbone=str(folder), sample="Cat")
    check_fine(app)
    view = app.session_state["view"]
    own = load_backbone(folder)
    expected = own.capture(own.prepare(sample_images()["cat"]()).pixels)
    np.testing.assert_allclose(view.records.logits, expected.logits, atol=1e-5)
    assert view.picture.shown.shape == (42, 42, 3)
    assert view.handle.title.endswith(folder.name)
    assert "it is not replayed" in texts(app)
    app.selectbox("own_size").set_value(224).run()
    check_fine(app)
    assert app.session_state["view"].picture.shown.shape == (224, 224, 3)


@pytest.mark.parametrize("page", [page.address for page in PAGES])
def test_pages_show_it_or_say_in_one_sentence_that_they_do_not(page, folder):
    app = opened(page, variant="Hugging Face model", backbone=str(folder))
    check_fine(app)
    said = "is none; Explore, Redundancy and Compare show it." in texts(app)
    assert said == (page not in SHOWN)


def test_redundancy_and_explore_speak_of_it_as_what_it_is(folder):
    app = opened("redundancy", variant="Hugging Face model", backbone=str(folder))
    names = {
        line["name"]
        for chart in app.get("plotly_chart")
        for line in json.loads(chart.proto.spec)["data"]
        if "name" in line
    }
    assert "Attention of the model" in names
    assert "Super token attention" not in names
    explored = opened("explore", variant="Hugging Face model", backbone=str(folder))
    assert "Attention of the block, outgoing" in texts(explored)
    assert "Super token attention" not in texts(explored)


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (lambda folder: None, "holds no config.json; put config.json, model.safetensors and preprocessor_config.json"),
        (lambda folder: (folder / "config.json").write_text('{"model_type": "vit"}'), "holds no model.safetensors"),
        (lambda folder: (folder / "config.json").write_text("{"), "is not valid JSON"),
    ],
)
def test_a_wrong_folder_is_said_in_one_sentence(tmp_path, write, said):
    write(tmp_path)
    app = opened_sidebar(variant="Hugging Face model", backbone=str(tmp_path))
    assert not app.exception
    (error,) = app.error
    assert said in error.value.replace("\\", "")
    assert error.value.endswith("The demo with random weights is shown instead.")


def test_nothing_is_downloaded_before_somebody_asks(monkeypatch):
    asked = []

    def snapshot_download(name, allow_patterns, local_files_only):
        asked.append((name, local_files_only))
        raise OSError("no network here")

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    app = opened_sidebar(variant="Hugging Face model", backbone="some-owner/some-model")
    assert asked == [("some-owner/some-model", True)]
    (error,) = app.error
    assert "put config.json, model.safetensors and preprocessor_config.json into a folder" in error.value.replace(
        "\\", ""
    )
    app.run()
    assert all(local for _, local in asked)
    app.button("download_backbone").click().run()
    assert asked[-1] == ("some-owner/some-model", False)
    assert "cannot be downloaded" in app.error[0].value
    app.run()
    assert asked[-1] == ("some-owner/some-model", True)  # once


def test_without_transformers_it_says_what_to_install(folder, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "transformers", None)
    monkeypatch.setattr("ui.view.models._backbone", __import__("ui.view.models", fromlist=["x"])._backbone.__wrapped__)
    app = opened_sidebar(variant="Hugging Face model", backbone=str(folder))
    said = app.error[0].value.replace("\\", "")
    assert "Backbones need the library transformers; install it with `pip install transformers`" in said
