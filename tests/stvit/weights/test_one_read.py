"""What is hashed is what is loaded, in one file and in shards; and weights that would only give NaN are refused."""

import hashlib
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from stvit import STViT, create_model, load_pretrained, load_weights
from stvit.weights import WeightsError, WeightsNotFoundError, content, model_and_report, model_from_file, save_weights
from tests.support.loading import assert_same, refused
from tests.support.tiny import tiny_model


@pytest.fixture(scope="module")
def source() -> STViT:
    return tiny_model()


def test_a_file_that_is_replaced_while_it_is_hashed_stays_the_one_that_was_read(tmp_path, monkeypatch):
    first, second = create_model("stvit_demo", num_classes=3).eval(), create_model("stvit_demo", num_classes=3)
    save_weights(second, tmp_path / "second.safetensors")
    save_weights(first, tmp_path / "a.safetensors")
    digest = hashlib.sha256((tmp_path / "a.safetensors").read_bytes()).hexdigest()
    entry = {"name": "tiny", "variant": "stvit_demo", "resolution": 224, "num_classes": 3, "dataset": "none"}
    entry |= {"top1": None, "file": "a.safetensors", "sha256": digest, "source": "the test", "url": None}
    (tmp_path / "manifest.json").write_text(json.dumps({"checkpoints": [entry]}))
    whole, other = hashlib.sha256, (tmp_path / "second.safetensors").read_bytes()

    def hashed_while_the_file_is_replaced(data):
        (tmp_path / "a.safetensors").write_bytes(other)
        return whole(data)

    monkeypatch.setattr(content.hashlib, "sha256", hashed_while_the_file_is_replaced)
    assert_same(load_pretrained("tiny", tmp_path), first.state_dict())
    assert (tmp_path / "a.safetensors").read_bytes() == other


def test_the_report_has_the_digest_of_the_bytes(source, tmp_path):
    save_weights(source, tmp_path / "a.safetensors")
    model, report = model_and_report(tmp_path / "a.safetensors")
    assert_same(model, source.state_dict())
    assert report.sha256 == hashlib.sha256((tmp_path / "a.safetensors").read_bytes()).hexdigest()
    assert load_weights(tiny_model(), source.state_dict()).sha256 is None


def test_a_file_of_too_many_bytes_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(content, "MAX_BYTES", 10)
    (tmp_path / "a.pth").write_bytes(b"x" * 11)
    with pytest.raises(WeightsError, match=r"'a\.pth' is larger than"):
        model_from_file(tmp_path / "a.pth")


# ---------------------------------------------------------------- shards


def shards(folder: Path, source: STViT, prefix: str = "", kind: str = "safetensors") -> Path:
    """Write a model as two shards and an index, and return the index."""
    state = {prefix + key: value.clone() for key, value in source.state_dict().items()}
    keys = list(state)
    places = {}
    for number, part in enumerate((keys[:20], keys[20:]), start=1):
        name = f"model-0000{number}-of-00002.{kind}"
        tensors = {key: state[key] for key in part}
        save_file(tensors, folder / name) if kind == "safetensors" else torch.save(tensors, folder / name)
        places |= dict.fromkeys(part, name)
    index = folder / f"model.{kind}.index.json"
    index.write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": places}))
    return index


@pytest.mark.parametrize("kind", ["safetensors", "bin"])
@pytest.mark.parametrize("prefix", ["", "model."])
def test_shards_load_by_their_index(source, tmp_path, kind, prefix):
    model = tiny_model()
    report = load_weights(model, shards(tmp_path, source, prefix, kind))
    assert_same(model, source.state_dict())
    assert load_weights(model, tmp_path / f"model.{kind}.index.json").sha256 == report.sha256
    (tmp_path / f"model.{kind}.index.json").write_bytes(b" " + (tmp_path / f"model.{kind}.index.json").read_bytes())
    assert load_weights(model, tmp_path / f"model.{kind}.index.json").sha256 != report.sha256


def test_shards_load_from_a_folder_of_the_hub(source, tmp_path):
    source.save_pretrained(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    shards(tmp_path, source)
    again = STViT.from_pretrained(tmp_path)
    assert again.config == source.config
    assert_same(again, source.state_dict())


def test_one_shard_alone_points_to_the_index(source, tmp_path):
    shards(tmp_path, source)
    with pytest.raises(WeightsError, match=r"is one part of several; load 'model\.safetensors\.index\.json' instead"):
        load_weights(tiny_model(), tmp_path / "model-00001-of-00002.safetensors")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stem.0.weight": "../model.safetensors"}, "names '../model.safetensors' instead of a file beside it"),
        ({"stem.0.weight": "/etc/passwd"}, "names '/etc/passwd' instead of a file beside it"),
        ({"stem.0.weight": "model.safetensors.index.json"}, "instead of a file beside it"),
        ({"stem.0.weight": 3}, "is JSON but not an index of shards"),
        ({"other": "model-00001-of-00002.safetensors"}, "places 'other' in 'model-00001-of-00002.safetensors', which"),
        ({f"k{n}": f"m{n}" for n in range(1001)}, "weight_map is empty or too long"),
    ],
)
def test_an_index_that_lies_is_refused(source, tmp_path, change, message):
    index = shards(tmp_path, source)
    values = json.loads(index.read_text())
    index.write_text(json.dumps({"weight_map": values["weight_map"] | change}))
    with pytest.raises(WeightsError, match=message):
        load_weights(tiny_model(), index)


@pytest.mark.parametrize("text", ["{}", '{"weight_map": []}', '{"weight_map": {}}', "{", '{"a":' * 100_000])
def test_other_json_is_no_index(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(WeightsError, match=r"'a\.json' is JSON but not an index of shards"):
        load_weights(tiny_model(), tmp_path / "a.json")


def test_a_missing_shard_is_named(source, tmp_path):
    index = shards(tmp_path, source)
    (tmp_path / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(WeightsNotFoundError, match=r"There is no file .*model-00002-of-00002\.safetensors"):
        load_weights(tiny_model(), index)


# ---------------------------------------------------------------- numbers that give no numbers


def test_negative_variances_are_refused(source):
    state = {key: value.clone() for key, value in source.state_dict().items()}
    state["stages.0.blocks.0.ffn_norm.running_var"][1] = -0.5
    error = refused(tiny_model(), state)
    assert "holds negative variances in stages.0.blocks.0.ffn_norm.running_var; it is damaged" in str(error)


def test_weights_that_overflow_together_are_refused(tmp_path):
    model = tiny_model()
    with torch.no_grad():
        model.stem[0].weight.fill_(1e30)
        model.stages[0].blocks[0].position.weight.fill_(1e30)
    save_weights(model, tmp_path / "a.safetensors")
    with pytest.raises(WeightsError, match="holds weights that overflow: the answer to a plain picture is NaN or inf"):
        model_from_file(tmp_path / "a.safetensors")
    model.save_pretrained(tmp_path / "hub")
    with pytest.raises(WeightsError, match="holds weights that overflow"):
        STViT.from_pretrained(tmp_path / "hub")
