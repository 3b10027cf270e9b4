import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import pytest
import torch
from safetensors.torch import load_file, save_file

from stvit import STViT, STViTConfig, load_weights
from stvit.weights import (
    WeightsError,
    WeightsNotFoundError,
    model_from_file,
)
from tests.support.loading import assert_same
from tests.support.paths import ROOT
from tests.support.tiny import CONFIG, tiny_model


@pytest.mark.parametrize("config", [CONFIG, replace(CONFIG, num_classes=0)])
def test_hub_round_trip(tmp_path, config):
    model = STViT(config).eval()
    model.class_names = tuple("abcdefg") if config.num_classes else None
    model.save_pretrained(tmp_path)
    again = STViT.from_pretrained(tmp_path)
    assert again.config == config
    assert again.class_names == model.class_names
    assert_same(again, model.state_dict())
    built = model_from_file(tmp_path / "model.safetensors")
    assert (built.config, built.class_names) == (config, model.class_names)


@pytest.mark.slow
def test_hub_round_trip_of_the_default_config(tmp_path):
    """The mixin alone leaves out a config that nobody passed."""
    STViT().save_pretrained(tmp_path)
    assert STViTConfig.from_dict(json.loads((tmp_path / "config.json").read_text())) == STViTConfig()
    assert STViT.from_pretrained(tmp_path).config == STViTConfig()


def test_hub_config_with_unknown_settings_is_refused(tmp_path):
    tiny_model().save_pretrained(tmp_path)
    values = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**values, "colour": 1}))
    with pytest.raises(ValueError, match="Unknown settings colour"):
        STViT.from_pretrained(tmp_path)


def test_hub_load_is_strict_unless_asked(tmp_path):
    model = tiny_model()
    model.save_pretrained(tmp_path)
    state = load_file(tmp_path / "model.safetensors")
    del state["classifier.bias"]
    save_file(state, tmp_path / "model.safetensors")
    with pytest.raises(WeightsError, match=r"missing: classifier.bias"):
        STViT.from_pretrained(tmp_path)
    again = STViT.from_pretrained(tmp_path, strict=False)
    assert torch.equal(again.classifier.weight, model.classifier.weight)
    assert again.classifier.bias.isfinite().all()


def test_directory_of_the_hub_format_gets_a_hint(tmp_path):
    tiny_model().save_pretrained(tmp_path)
    with pytest.raises(
        WeightsError, match=r"is a directory, expected a file of weights; load it with `STViT\.from_pre"
    ):
        load_weights(tiny_model(), tmp_path)


def test_the_client_of_the_hub_is_not_loaded_with_the_package():
    code = "import sys, stvit; sys.exit('huggingface_hub' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_a_folder_without_weights_says_so(tmp_path):
    with pytest.raises(WeightsNotFoundError, match=r"holds no model\.safetensors; is it what `save_pretrained` wrote"):
        STViT.from_pretrained(tmp_path)


def test_a_repository_that_cannot_be_read_is_one_sentence(tmp_path):
    for name in ("nobody/nothing", "no/such/folder/here"):
        with pytest.raises(
            WeightsNotFoundError, match=f"'{name}' is neither a folder here nor a repository of the Hub"
        ):
            STViT.from_pretrained(name, local_files_only=True, cache_dir=tmp_path)


def test_a_repository_is_asked_for_its_model_only(tmp_path, monkeypatch):
    model, asked = tiny_model(), {}
    model.save_pretrained(tmp_path)

    def snapshot_download(repository, **options):
        asked.update(options, repository=repository)
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    assert_same(STViT.from_pretrained("user/model", revision="v1"), model.state_dict())
    assert (asked["repository"], asked["revision"]) == ("user/model", "v1")
    assert asked["allow_patterns"][:2] == ["config.json", "model.safetensors"]


def test_an_upload_holds_what_is_saved(monkeypatch):
    model, sent = tiny_model(), {}

    def upload_folder(self, *, repo_id, folder_path, commit_message):
        sent.update({path.name: path.read_bytes() for path in Path(folder_path).iterdir()}, repo_id=repo_id)
        return SimpleNamespace(commit_url="https://example.org/commit")

    monkeypatch.setattr(huggingface_hub.HfApi, "create_repo", lambda self, name, **_: SimpleNamespace(repo_id=name))
    monkeypatch.setattr(huggingface_hub.HfApi, "upload_folder", upload_folder)
    assert model.push_to_hub("user/model") == "https://example.org/commit"
    assert sent.keys() == {"config.json", "model.safetensors", "README.md", "repo_id"}
    assert b"library_name: stvit" in sent["README.md"]


def test_a_card_of_ones_own_is_kept(tmp_path):
    (tmp_path / "README.md").write_text("mine")
    tiny_model().save_pretrained(tmp_path)
    assert (tmp_path / "README.md").read_text() == "mine"
