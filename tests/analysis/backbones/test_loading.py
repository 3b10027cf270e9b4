"""What a folder must hold, what is refused, and that nothing is fetched unasked."""

import json
import shutil
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file

from analysis.backbones import load_backbone
from tests.support.paths import ROOT
from tests.support.tiny_backbones import saved, tiny_network

WANTED = "config.json, model.safetensors and preprocessor_config.json"


@pytest.fixture
def vit(folder, tmp_path):
    """A copy of a saved ViT, to be damaged."""
    return shutil.copytree(folder("vit"), tmp_path / "vit")


def test_a_loaded_backbone_asks_for_eager_attention_and_learns_nothing(load):
    backbone = load("vit")
    assert backbone.model.config._attn_implementation == "eager"
    assert not backbone.model.training
    assert not any(parameter.requires_grad for parameter in backbone.model.parameters())
    assert backbone.title == "ViT, 0.0 M parameters"


def test_half_precision_files_are_read_in_single_precision(tmp_path):
    backbone = load_backbone(saved(tiny_network("vit").half(), tmp_path))
    assert {value.dtype for value in backbone.model.parameters()} == {torch.float32}


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ("config.json", f"holds no config.json; put {WANTED} of the model there"),
        ("model.safetensors", f"holds no model.safetensors; put {WANTED} of the model there"),
    ],
)
def test_a_missing_file_is_named(vit, missing, words):
    (vit / missing).unlink()
    with pytest.raises(FileNotFoundError, match=words):
        load_backbone(vit)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=f"There is no folder .*nowhere; put {WANTED}"):
        load_backbone(tmp_path / "nowhere")
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError, match=f"is a file; name the folder with {WANTED}"):
        load_backbone(tmp_path / "file")


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pth", "tf_model.h5"])
def test_pickles_are_refused(vit, name):
    (vit / "model.safetensors").rename(vit / name)
    with pytest.raises(ValueError, match=f"weights as {name}, a format that is not read here .* put model.safetensors"):
        load_backbone(vit)


def test_a_pickle_beside_safetensors_is_not_read(vit):
    (vit / "pytorch_model.bin").write_bytes(b"nothing to read")
    assert load_backbone(vit).blocks()


def test_no_code_of_a_folder_is_run(vit):
    config = json.loads((vit / "config.json").read_text())
    config["auto_map"] = {"AutoModel": "own.Own", "AutoConfig": "own.Config"}
    (vit / "config.json").write_text(json.dumps(config))
    (vit / "own.py").write_text("raise SystemExit('this ran')")
    assert load_backbone(vit).blocks()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is not valid JSON"),
        ("[]", "holds no settings of a model"),
        ('{"model_type": "bert"}', "a model of type bert; backbones are of type vit, deit, dinov2, dinov2_with_reg"),
        ("{}", "a model of type None; backbones are of type"),
        ('{"model_type": "vit", "hidden_size": "many"}', "cannot be loaded as ViTModel"),
        ('{"model_type": "vit", "architectures": 3}', "do not fit its config.json: embeddings.cls_token"),
    ],
)
def test_settings_that_do_not_fit(vit, content, words):
    (vit / "config.json").write_text(content)
    with pytest.raises(ValueError, match=words):
        load_backbone(vit)


def test_damaged_weights_are_one_sentence(vit):
    (vit / "model.safetensors").write_bytes((vit / "model.safetensors").read_bytes()[:500])
    with pytest.raises(ValueError, match="cannot be loaded as ViTForImageClassification") as caught:
        load_backbone(vit)
    assert "\n" not in str(caught.value)


def test_weights_that_are_missing_are_not_made_up(vit):
    weights = load_file(vit / "model.safetensors")
    gone = next(key for key in weights if "1.attention" in key and "query.weight" in key)
    del weights[gone]
    save_file(weights, vit / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(
        ValueError, match=r"do not fit its config.json: vit\.layers\.1\.attention\.q_proj\.weight are missing"
    ):
        load_backbone(vit)


def test_weights_of_another_shape_are_refused(vit):
    config = json.loads((vit / "config.json").read_text())
    config["image_size"] = 64
    (vit / "config.json").write_text(json.dumps(config))
    with pytest.raises(
        ValueError, match=r"do not fit its config.json: .*position_embeddings are missing or of another shape"
    ):
        load_backbone(vit)


class Hub:
    """Stands in for the client of the Hub."""

    def __init__(self, folder):
        self.folder, self.asked = folder, []

    def __call__(self, name, **settings):
        from huggingface_hub.errors import LocalEntryNotFoundError

        self.asked.append((name, settings))
        if settings["local_files_only"]:
            raise LocalEntryNotFoundError("not here")
        return str(self.folder)


def test_nothing_is_downloaded_unless_asked(folder, monkeypatch):
    hub = Hub(folder("vit"))
    monkeypatch.setattr("huggingface_hub.snapshot_download", hub)
    with pytest.raises(FileNotFoundError, match=r"There is no folder some/vit, and .*; put config.json.*download=True"):
        load_backbone("some/vit")
    assert hub.asked[-1][1]["local_files_only"]
    assert load_backbone("some/vit", download=True).blocks()
    name, settings = hub.asked[-1]
    assert (name, settings["local_files_only"]) == ("some/vit", False)
    assert settings["allow_patterns"] == ["*.json", "*.safetensors"]


def test_a_download_that_fails_is_one_sentence(monkeypatch):
    def fails(name, **settings):
        raise OSError("no route")

    monkeypatch.setattr("huggingface_hub.snapshot_download", fails)
    with pytest.raises(FileNotFoundError, match=r"some/vit cannot be downloaded .*check the name and the connection"):
        load_backbone("some/vit", download=True)


@pytest.mark.parametrize("name", ["nowhere", "a/b/c", "../vit", "/no/vit"])
def test_what_is_no_name_of_a_repository_is_a_folder(name, monkeypatch):
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda *given, **named: pytest.fail("asked the Hub"))
    with pytest.raises(FileNotFoundError, match="There is no folder"):
        load_backbone(name, download=True)


def test_without_the_library_one_sentence_says_how_to_get_it(vit, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ImportError, match="pip install transformers"):
        load_backbone(vit)


def test_importing_the_analysis_does_not_load_transformers():
    code = "import sys, analysis.backbones, analysis.redundancy.ledger; sys.exit('transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=120).returncode == 0


def test_the_digest_follows_weights_and_preprocessing(load, vit):
    first = load("vit").digest()
    assert load("vit").digest() == first
    other = load("vit")
    with torch.no_grad():
        other.model.classifier.bias[0] += 1
    assert other.digest() != first
    (vit / "preprocessor_config.json").write_text(
        json.dumps({"size": 32, "resample": 2, "image_mean": [0.5] * 3, "image_std": [0.5] * 3})
    )
    assert load_backbone(vit).digest() != first
