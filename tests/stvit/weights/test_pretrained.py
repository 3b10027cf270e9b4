import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from stvit import CONFIGS, capture, create_model, load_pretrained
from stvit.atomic_files import file_digest
from stvit.convert import main
from stvit.weights import WeightsError, WeightsNotFoundError, model_from_file, save_weights
from stvit.weights.pretrained import list_pretrained, pretrained_directory
from tests.support.paths import ROOT
from tests.support.released_state import released_state
from tests.support.tiny import tiny_model, tiny_pixels

ENTRY = {
    "name": "tiny",
    "variant": "stvit_demo",
    "resolution": 224,
    "num_classes": 3,
    "dataset": "none",
    "top1": None,
    "file": "tiny.pth",
    "sha256": None,
    "source": "the test",
    "url": "https://example.org/tiny",
}


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    monkeypatch.delenv("STVIT_PRETRAINED", raising=False)


@pytest.fixture
def directory(tmp_path):
    """A directory with a manifest of one entry and without its file."""
    write_manifest(tmp_path, ENTRY)
    return tmp_path


def write_manifest(directory: Path, *entries: dict) -> None:
    (directory / "manifest.json").write_text(json.dumps({"checkpoints": entries}))


def released_file(path: Path, classes: int = 3, seed: int = 0) -> torch.nn.Module:
    """Write a checkpoint as the authors would, and return its model."""
    torch.manual_seed(seed)
    model = create_model("stvit_demo", num_classes=classes).eval()
    torch.save({"model": released_state(model)}, path)
    return model


# ---------------------------------------------------------------- the project's manifest


def test_manifest_holds_the_published_checkpoints():
    """Names, accuracy and resolution from the table of the paper."""
    published = {
        ("stvit_small", 224): 83.6,
        ("stvit_small", 384): 85.0,
        ("stvit_base", 224): 84.8,
        ("stvit_base", 384): 86.0,
        ("stvit_large", 224): 85.3,
        ("stvit_large", 384): 86.4,
    }
    entries = {entry.name: entry for entry in list_pretrained()}
    released = [entry for entry in entries.values() if entry.dataset == "ImageNet-1k"]
    assert {(entry.variant, entry.resolution): entry.top1 for entry in released} == published
    for entry in released:
        size = entry.variant.removeprefix("stvit_")
        assert entry.name == f"{size}-{entry.resolution}"
        assert entry.file == f"stvit-{size}-{entry.resolution}.pth"
        assert entry.num_classes == 1000
        assert "github.com/hhb072/STViT" in entry.source
        assert entry.url.startswith("https://drive.google.com/")
    demo = entries["demo"]
    assert (demo.variant, demo.file, demo.num_classes) == ("stvit_demo", "stvit_demo.safetensors", 10)


def test_manifest_agrees_with_the_known_variants_and_the_guide():
    guide = (ROOT / "pretrained" / "README.md").read_text()
    for entry in list_pretrained():
        assert entry.variant in CONFIGS
        assert CONFIGS[entry.variant].num_classes == entry.num_classes
        assert f"`{entry.name}`" in guide
        assert f"`{entry.file}`" in guide


def test_demo_loads():
    model = load_pretrained("demo")
    assert len(model.class_names) == model.config.num_classes == 10
    assert torch.isfinite(model(tiny_pixels())).all()


@pytest.mark.parametrize("name", ["twin-super", "twin-global", "twin-window", "twin-conv"])
def test_twins_load_and_are_what_they_are_called(name):
    model, variant = load_pretrained(name), name.replace("-", "_")
    assert model.config == CONFIGS[variant]
    assert model.class_names == load_pretrained("demo").class_names
    (entry,) = (entry for entry in list_pretrained() if entry.name == name)
    assert entry.path.stat().st_size < 5e6
    assert {tensor.dtype for tensor in load_file(entry.path).values() if tensor.is_floating_point()} == {torch.float16}
    assert capture(model, tiny_pixels()).replay_error() < 1e-5


def test_a_twin_of_another_kind_is_refused(tmp_path):
    save_weights(create_model("twin_conv", seed=0), tmp_path / "tiny.safetensors")
    write_manifest(tmp_path, ENTRY | {"variant": "twin_window", "num_classes": 10, "file": "tiny.safetensors"})
    with pytest.raises(WeightsError, match="holds twin_conv with 10 classes, the manifest expects twin_window with 10"):
        load_pretrained("tiny", tmp_path)


# ---------------------------------------------------------------- loading by name


def test_entry_loads(directory):
    source = released_file(directory / "tiny.pth")
    (entry,) = list_pretrained(directory)
    assert entry.available
    assert entry.path == directory / "tiny.pth"
    model = load_pretrained("tiny", directory)
    assert not model.training
    assert model.class_names is None
    pixels = tiny_pixels()
    assert torch.equal(model(pixels), source(pixels))


def test_environment_names_the_directory(directory, monkeypatch):
    released_file(directory / "tiny.pth")
    monkeypatch.setenv("STVIT_PRETRAINED", str(directory))
    assert pretrained_directory() == directory
    assert load_pretrained("tiny").config.num_classes == 3


def test_directory_without_manifest_uses_the_projects(tmp_path, monkeypatch):
    names = [entry.name for entry in list_pretrained()]
    assert [entry.name for entry in list_pretrained(tmp_path)] == names
    assert not any(entry.available for entry in list_pretrained(tmp_path))
    monkeypatch.setenv("STVIT_PRETRAINED", str(tmp_path / "absent"))
    assert [entry.name for entry in list_pretrained()] == names


def test_checkout_is_searched_after_the_environments_directory(tmp_path, monkeypatch):
    own, other = tmp_path / "own", tmp_path / "other"
    own.mkdir()
    other.mkdir()
    write_manifest(own, ENTRY, {**ENTRY, "name": "second", "file": "second.pth"})
    monkeypatch.setattr("stvit.weights.pretrained._own_directory", lambda: own)
    monkeypatch.setenv("STVIT_PRETRAINED", str(other))
    for path in (own / "tiny.pth", own / "second.pth", other / "second.pth"):
        released_file(path)
    assert [entry.path for entry in list_pretrained()] == [own / "tiny.pth", other / "second.pth"]
    assert [entry.path for entry in list_pretrained(other)] == [None, other / "second.pth"]


def test_converted_file_is_found_and_preferred(directory):
    released_file(directory / "tiny.pth", seed=1)
    converted = released_file(directory / "other.pth", seed=2)
    converted.class_names = ("a", "b", "c")
    save_weights(converted, directory / "tiny.safetensors")
    model = load_pretrained("tiny", directory)
    assert torch.equal(model.classifier.weight, converted.classifier.weight)
    assert model.class_names == ("a", "b", "c")
    (directory / "tiny.pth").unlink()
    assert load_pretrained("tiny", directory).class_names == ("a", "b", "c")


def test_unknown_name_lists_the_known_ones(directory):
    with pytest.raises(KeyError, match=r"no checkpoint 'huge'; known are demo, small-224, small-384, base-224"):
        load_pretrained("huge")
    with pytest.raises(KeyError, match=r"known are tiny\."):
        load_pretrained("small-224", directory)


def test_absent_file_says_where_from_and_where_to(tmp_path):
    with pytest.raises(WeightsNotFoundError) as caught:
        load_pretrained("base-384", tmp_path)
    text = str(caught.value)
    for part in ("stvit-base-384.pth", "github.com/hhb072/STViT", "drive.google.com", str(tmp_path)):
        assert part in text
    with pytest.raises(FileNotFoundError, match=r"'demo' are not here: they come from .* belong at '.*stvit_demo"):
        load_pretrained("demo", tmp_path)


def test_digest_is_checked(directory):
    released_file(directory / "tiny.pth")
    digest = file_digest(directory / "tiny.pth")
    write_manifest(directory, {**ENTRY, "sha256": digest})
    load_pretrained("tiny", directory)
    released_file(directory / "tiny.pth", seed=3)
    other = file_digest(directory / "tiny.pth")
    with pytest.raises(WeightsError, match=rf"sha256 {other[:12]}\.\.\., the manifest expects {digest[:12]}\.\.\."):
        load_pretrained("tiny", directory)


def test_digest_is_checked_before_the_file_is_opened(directory):
    (directory / "tiny.pth").write_bytes(b"no checkpoint")
    write_manifest(directory, {**ENTRY, "sha256": "0" * 64})
    with pytest.raises(WeightsError, match="the manifest expects 000000000000"):
        load_pretrained("tiny", directory)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"variant": "stvit_small"}, "holds stvit_demo with 3 classes, the manifest expects stvit_small with 3"),
        ({"num_classes": 4}, "holds stvit_demo with 3 classes, the manifest expects stvit_demo with 4"),
    ],
)
def test_another_model_than_the_manifest_says_is_refused(directory, change, message):
    released_file(directory / "tiny.pth")
    write_manifest(directory, {**ENTRY, **change})
    with pytest.raises(WeightsError, match=message):
        load_pretrained("tiny", directory)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        json.dumps({"checkpoints": [{"name": "a"}]}),
        json.dumps({"checkpoints": [{**ENTRY, "path": "/etc/passwd"}]}),
        json.dumps({"checkpoints": [{**ENTRY, "file": "../tiny.pth"}]}),
    ],
)
def test_damaged_manifest_says_so(tmp_path, text, unchecked):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(WeightsError, match=r"manifest\.json' is damaged"):
        list_pretrained(tmp_path)


def test_missing_manifest_names_the_environment_variable(tmp_path, monkeypatch):
    monkeypatch.setattr("stvit.weights.pretrained._own_directory", lambda: tmp_path)
    with pytest.raises(WeightsNotFoundError, match="set STVIT_PRETRAINED to a directory with a manifest"):
        list_pretrained()


# ---------------------------------------------------------------- the command


def test_command_converts(tmp_path, capsys):
    source = released_file(tmp_path / "a.pth")
    assert main([str(tmp_path / "a.pth"), "--out", str(tmp_path / "b.safetensors")]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    count = sum(parameter.numel() for parameter in source.parameters())
    assert f"Recognised stvit_demo with 3 classes and {count:,} parameters" in printed.out
    assert file_digest(tmp_path / "b.safetensors") in printed.out
    model = model_from_file(tmp_path / "b.safetensors")
    assert model.config == source.config
    for key, value in source.state_dict().items():
        assert torch.equal(model.state_dict()[key], value), key


def test_command_writes_beside_the_source_by_default_and_can_halve_it(tmp_path, capsys):
    released_file(tmp_path / "a.pth")
    assert main([str(tmp_path / "a.pth")]) == 0
    full = (tmp_path / "a.safetensors").stat().st_size
    assert main([str(tmp_path / "a.pth"), "--dtype", "float16", "--force"]) == 0
    assert (tmp_path / "a.safetensors").stat().st_size < 0.55 * full
    capsys.readouterr()


def test_command_does_not_replace_a_file_unasked(tmp_path, capsys):
    released_file(tmp_path / "a.pth")
    (tmp_path / "a.safetensors").write_text("mine")
    assert main([str(tmp_path / "a.pth")]) == 1
    assert "exists already; choose another name or add --force" in capsys.readouterr().err
    assert (tmp_path / "a.safetensors").read_text() == "mine"


def test_command_refuses_in_one_sentence(tmp_path, capsys):
    torch.save(tiny_model().state_dict(), tmp_path / "a.pth")
    (tmp_path / "page.pth").write_text("<!DOCTYPE html>")
    expected = {"a.pth": "no published size", "page.pth": "is a web page", "absent.pth": "There is no file"}
    for name, message in expected.items():
        assert main([str(tmp_path / name)]) == 1
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err.startswith("error: ")
        assert message in printed.err
        assert printed.err.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.pth", "page.pth"]


@pytest.mark.slow
def test_command_runs_as_a_module(tmp_path):
    released_file(tmp_path / "a.pth")
    command = [sys.executable, "-W", "error", "-m", "stvit.convert", "a.pth"]
    done = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT), "PATH": ""}, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Recognised stvit_demo" in done.stdout
    assert (tmp_path / "a.safetensors").is_file()
