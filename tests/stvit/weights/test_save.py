from dataclasses import replace

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from stvit import STViT
from stvit.atomic_files import file_digest
from stvit.weights import (
    WeightsError,
    model_digest,
    model_from_file,
    save_weights,
)
from tests.support.loading import assert_same
from tests.support.tiny import tiny_model, tiny_pixels

# ---------------------------------------------------------------- files of our own


@pytest.mark.parametrize("classes", [7, 0])
def test_saved_file_builds_the_same_model(tmp_path, classes):
    model = tiny_model(num_classes=classes)
    model.class_names = tuple(f"Klasse é {i}" for i in range(classes)) or None
    save_weights(model, tmp_path / "a.safetensors")
    again = model_from_file(tmp_path / "a.safetensors")
    assert again.config == model.config
    assert again.class_names == model.class_names
    assert not again.training
    pixels = tiny_pixels()
    assert torch.equal(again(pixels), model(pixels))


def test_saved_metadata_are_documented_ones(tmp_path):
    model = tiny_model()
    model.class_names = tuple("abcdefg")
    save_weights(model, tmp_path / "a.safetensors")
    with safe_open(tmp_path / "a.safetensors", framework="pt") as file:
        assert file.metadata().keys() == {"format", "config", "class_names"}
        assert file.metadata()["format"] == "pt"
        assert file.metadata()["class_names"] == '["a", "b", "c", "d", "e", "f", "g"]'
    assert_same(model, {key: load_file(tmp_path / "a.safetensors")[key] for key in model.state_dict()})


def test_the_same_model_gives_the_same_bytes(tmp_path):
    model = tiny_model()
    model.class_names = tuple("abcdefg")
    digests = set()
    for number in range(6):
        save_weights(model, tmp_path / f"{number}.safetensors")
        digests.add(file_digest(tmp_path / f"{number}.safetensors"))
    assert len(digests) == 1


def test_half_precision_halves_the_file_and_loads_as_float32(tmp_path):
    model = tiny_model()
    save_weights(model, tmp_path / "full.safetensors")
    save_weights(model, tmp_path / "half.safetensors", torch.float16)
    counters = sum(8 for value in model.state_dict().values() if not value.is_floating_point())
    numbers = sum(value.numel() for value in model.state_dict().values() if value.is_floating_point())

    def body(name: str) -> int:
        data = (tmp_path / name).read_bytes()
        return len(data) - 8 - int.from_bytes(data[:8], "little")

    assert body("full.safetensors") == 4 * numbers + counters
    assert body("half.safetensors") == 2 * numbers + counters
    for key, value in model_from_file(tmp_path / "half.safetensors").state_dict().items():
        assert torch.equal(value, model.state_dict()[key].half().to(value.dtype)), key


def test_values_that_the_stored_type_cannot_hold_are_refused(tmp_path):
    model = tiny_model()
    model.projection[1].running_var[2] = 70000.0
    with pytest.raises(WeightsError, match=r"'projection.1.running_var' holds NaN or infinity as torch.float16"):
        save_weights(model, tmp_path / "a.safetensors", torch.float16)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch):
    model = tiny_model()
    save_weights(model, tmp_path / "a.safetensors")
    before = (tmp_path / "a.safetensors").read_bytes()

    def full_disk(number):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("stvit.atomic_files.os.fsync", full_disk)
    with pytest.raises(OSError, match=r"The disk is full: a\.safetensors could not be written"):
        save_weights(tiny_model(), tmp_path / "a.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.safetensors"]


def test_save_refuses_unusable_targets(tmp_path):
    with pytest.raises(WeightsError, match=r"let the name end in .safetensors"):
        save_weights(tiny_model(), tmp_path / "a.pth")
    with pytest.raises(WeightsError, match="There is no directory"):
        save_weights(tiny_model(), tmp_path / "absent" / "a.safetensors")
    with pytest.raises(WeightsError, match=r"got torch.int8"):
        save_weights(tiny_model(), tmp_path / "a.safetensors", torch.int8)


# ---------------------------------------------------------------- digests


def test_model_digest_sees_every_parameter_and_buffer():
    model = tiny_model()
    digest = model_digest(model)
    assert len(digest) == 16
    assert digest == model_digest(model)
    for key, value in model.state_dict().items():
        last = value.view(-1)[-1:]
        before = last.clone()
        last += 1
        assert model_digest(model) != digest, key
        last.copy_(before)
    assert model_digest(model) == digest


def test_model_digest_sees_settings_that_no_weight_shows():
    model = tiny_model()
    other = STViT(replace(model.config, num_iters=(3, 3, 1, 1))).eval()
    other.load_state_dict(model.state_dict())
    digests = {model_digest(model), model_digest(other)}
    other.class_names = tuple("abcdefg")
    assert len(digests | {model_digest(other)}) == 3


def test_model_digest_takes_every_number_type():
    digests = {model_digest(tiny_model().to(dtype)) for dtype in (torch.float32, torch.bfloat16, torch.float16)}
    assert len(digests) == 3
