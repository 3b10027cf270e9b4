import argparse
import json
from dataclasses import replace

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from stvit import STViT, STViTConfig, create_model, load_weights
from stvit.weights.load import (
    WeightsError,
    WeightsNotFoundError,
    file_digest,
    model_digest,
    model_from_file,
    save_weights,
)
from stvit.weights.released_keys import released_key, translate_key
from tests.support.released_state import recorded_shapes, released_name, released_state
from tests.support.tiny import CONFIG, tiny_model, tiny_pixels

SIZES = ("small", "base", "large")


def meta_model(name: str, **overrides) -> STViT:
    """Build a model of full size that takes no memory."""
    with torch.device("meta"):
        return create_model(name, **overrides)


def snapshot(model: STViT) -> dict[str, torch.Tensor]:
    return {key: value.clone() for key, value in model.state_dict().items()}


def assert_same(model: STViT, state: dict[str, torch.Tensor]) -> None:
    actual = model.state_dict()
    assert list(actual) == list(state)
    for key, value in state.items():
        assert torch.equal(actual[key], value), key


def refused(model: STViT, source) -> WeightsError:
    """Return the error of a load that must fail and leave the model as it was."""
    before = snapshot(model)
    with pytest.raises(WeightsError) as caught:
        load_weights(model, source)
    assert_same(model, before)
    return caught.value


# ---------------------------------------------------------------- what loads


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".safetensors", "mapping"])
@pytest.mark.parametrize("released", [False, True])
def test_every_source_fills_the_model(tmp_path, suffix, released):
    torch.manual_seed(1)
    source, model = tiny_model(), tiny_model()
    state = released_state(source) if released else source.state_dict()
    given = tmp_path / f"weights{suffix}"
    if suffix == "mapping":
        given = state
    elif suffix == ".safetensors":
        save_file(state, given)
    else:
        torch.save({"model": state, "args": argparse.Namespace(lr=1e-3, model="stvit_small")}, given)
    report = load_weights(model, given)
    assert_same(model, source.state_dict())
    assert report.released_names == released
    assert report.tensors == len(source.state_dict())
    assert len(report.constants) == (2 * sum(CONFIG.depths) if released else 0)
    pixels = tiny_pixels()
    assert torch.equal(model(pixels), source(pixels))


@pytest.mark.parametrize("size", SIZES)
def test_recorded_released_keys_load_with_nothing_missing_or_left_over(size):
    state = {key: torch.empty(shape, device="meta") for key, shape in recorded_shapes(size).items()}
    report = load_weights(meta_model(f"stvit_{size}"), state)
    assert report.variant == f"stvit_{size}"
    assert report.released_names
    assert report.tensors + len(report.constants) == len(state)


@pytest.mark.parametrize("size", SIZES)
def test_our_released_names_are_the_recorded_ones(size):
    model = meta_model(f"stvit_{size}")
    shapes = {key: list(value.shape) for key, value in released_state(model).items()}
    assert shapes == recorded_shapes(size)


@pytest.mark.parametrize("size", SIZES)
def test_key_translation_inverts(size):
    for key in meta_model(f"stvit_{size}").state_dict():
        assert released_key(key) == released_name(key)
        assert translate_key(released_key(key)) == key


@pytest.mark.slow
def test_recorded_small_checkpoint_fills_real_memory():
    """The meta device checks names and shapes; this also copies numbers."""
    state = {key: torch.full(shape, 0.5) for key, shape in recorded_shapes("small").items()}
    model = create_model("stvit_small")
    load_weights(model, state)
    assert all(bool((value == 0.5).all()) for name, value in model.state_dict().items() if value.is_floating_point())


@pytest.mark.parametrize("wrapper", ["model", "state_dict", "model_ema"])
@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module."])
def test_wrappers_and_prefixes_of_training_are_taken_off(wrapper, prefix):
    source, model = tiny_model(), tiny_model()
    state = {prefix + key: value for key, value in released_state(source).items()}
    load_weights(model, {wrapper: state, "epoch": 3, "args": argparse.Namespace()})
    assert_same(model, source.state_dict())


def test_averaged_model_loads_without_its_counter():
    source, model = tiny_model(), tiny_model()
    averaged = torch.optim.swa_utils.AveragedModel(source)
    load_weights(model, averaged.state_dict())
    assert_same(model, source.state_dict())


def test_model_is_preferred_to_its_average():
    source, average, model = tiny_model(), tiny_model(), tiny_model()
    load_weights(model, {"model_ema": average.state_dict(), "model": source.state_dict()})
    assert_same(model, source.state_dict())


def test_of_a_run_of_ours_the_averaged_weights_are_loaded_as_its_export_does():
    source, model = tiny_model(), tiny_model()
    averaged = torch.optim.swa_utils.AveragedModel(source).state_dict()
    load_weights(model, {"model": tiny_model().state_dict(), "averaged": averaged, "optimizer": {}})
    assert_same(model, source.state_dict())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_floats_are_converted_to_the_models_type(dtype):
    source, model = tiny_model(), tiny_model()
    state = {key: value.to(dtype) for key, value in source.state_dict().items()}
    report = load_weights(model, state)
    assert report.dtype == str(dtype).removeprefix("torch.")
    for key, value in model.state_dict().items():
        expected = source.state_dict()[key].to(dtype).to(value.dtype)
        assert torch.equal(value, expected), key
        assert value.dtype == source.state_dict()[key].dtype


def test_loaded_model_shares_no_memory_with_the_mapping():
    source = tiny_model()
    state = snapshot(source)
    with torch.device("meta"):
        model = STViT(CONFIG)
    load_weights(model, state)
    state["classifier.weight"].zero_()
    assert_same(model, source.state_dict())
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_report_is_one_sentence():
    model = create_model("stvit_demo")
    text = str(load_weights(model, released_state(model)))
    assert "stvit_demo" in text
    assert "10 classes" in text
    assert "released key names" in text
    assert text.count(". ") == 0


def test_settings_that_shapes_hide_are_reported(tmp_path):
    source = tiny_model()
    save_weights(source, tmp_path / "a.safetensors")
    report = load_weights(tiny_model(cells=(4, 4, 2, 1), num_iters=(1, 3, 1, 1)), tmp_path / "a.safetensors")
    assert report.settings == {
        "cells": (CONFIG.cells, (4, 4, 2, 1)),
        "num_iters": (CONFIG.num_iters, (1, 3, 1, 1)),
    }
    assert "num_iters (2, 3, 1, 1) replaced by (1, 3, 1, 1)" in str(report)


# ---------------------------------------------------------------- what does not


@pytest.mark.parametrize("released", [False, True])
def test_every_difference_is_named_as_the_file_spells_it(released):
    model = tiny_model()
    state = released_state(model) if released else dict(model.state_dict())
    spell = released_name if released else str
    lost, bent = spell("stages.0.blocks.1.attention.refine.qkv.weight"), spell("stages.2.blocks.0.ffn_scale.gamma")
    del state[lost]
    state[bent] = torch.ones(1, 5, 1, 1)
    state["extra.weight"] = torch.ones(2)
    error = refused(model, state)
    assert error.missing == (lost,)
    assert error.unexpected == ("extra.weight",)
    assert error.wrong_shape == {bent: ((1, 5, 1, 1), (1, 24, 1, 1))}
    for name in (lost, "extra.weight", bent, "(1, 5, 1, 1)", "(1, 24, 1, 1)"):
        assert name in str(error)


def test_long_lists_are_short_in_the_sentence_and_complete_in_the_error():
    model = tiny_model()
    state = {key: value for key, value in model.state_dict().items() if not key.startswith("stages.1")}
    error = refused(model, state)
    lost = [key for key in model.state_dict() if key.startswith("stages.1")]
    assert list(error.missing) == lost
    assert f"and {len(lost) - 6} more" in str(error)
    assert len(str(error)) < 800


def test_a_key_given_twice_is_refused():
    model = tiny_model()
    state = released_state(model)
    state["stem.0.weight"] = torch.zeros(6, 3, 3, 3)
    error = refused(model, state)
    assert error.unexpected == ("stem.0.weight",)
    assert "given twice: stem.0.weight" in str(error)


@pytest.mark.parametrize(("held", "wanted"), [("base", "small"), ("small", "large"), ("large", "base")])
def test_wrong_variant_is_recognised(held, wanted):
    state = {key: torch.empty(shape, device="meta") for key, shape in recorded_shapes(held).items()}
    message = f"holds stvit_{held}; the model is stvit_{wanted}: build it with create_model\\('stvit_{held}'\\)"
    with pytest.raises(WeightsError, match=message) as caught:
        load_weights(meta_model(f"stvit_{wanted}"), state)
    assert caught.value.wrong_shape


def test_wrong_variant_with_other_classes_names_both():
    held = meta_model("stvit_base", num_classes=5)
    with pytest.raises(WeightsError, match=r"create_model\('stvit_base', num_classes=5\)"):
        load_weights(meta_model("stvit_small"), held.state_dict())


def test_wrong_variant_for_a_model_of_other_settings():
    error = refused(tiny_model(), create_model("stvit_demo").state_dict())
    assert "holds stvit_demo; the model is one of embed_dims (12, 16, 24, 24)" in str(error)


@pytest.mark.parametrize(
    ("held", "wanted", "message"),
    [
        (7, 5, "a classifier of 7 classes, the model has 5 classes: build it with num_classes=7"),
        (7, 0, "a classifier of 7 classes, the model has no classes: build it with num_classes=7"),
        (0, 7, "no classifier, the model has 7 classes: build it with num_classes=0"),
    ],
)
@pytest.mark.parametrize("released", [False, True])
def test_wrong_class_count_has_its_own_sentence(held, wanted, message, released):
    source = tiny_model(num_classes=held)
    error = refused(tiny_model(num_classes=wanted), released_state(source) if released else source.state_dict())
    assert message in str(error)
    assert ("head.weight" if released else "classifier.weight") in str(error)


def test_weights_of_another_network_are_refused():
    error = refused(tiny_model(), {"conv1.weight": torch.ones(3), "fc.bias": torch.ones(2)})
    assert "holds no STViT weights" in str(error)
    assert "'conv1.weight'" in str(error)
    assert error.unexpected == ("conv1.weight", "fc.bias")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_values_that_are_no_numbers_are_refused(value):
    model = tiny_model()
    state = snapshot(model)
    state["stages.1.blocks.0.ffn.expand.bias"][3] = value
    assert "NaN or infinity" in str(refused(model, state))
    assert "stages.1.blocks.0.ffn.expand.bias" in str(refused(model, state))


def test_numbers_too_large_for_the_models_type_are_refused():
    state = snapshot(tiny_model(torch.float64))
    state["classifier.bias"][0] = 1e60
    assert "infinity (as float32) in classifier.bias" in str(refused(tiny_model(), state))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (torch.ones(7, dtype=torch.int64), "torch.int64, expected torch.float32"),
        (torch.ones(7, dtype=torch.bool), "torch.bool"),
        (torch.ones(7, dtype=torch.complex64), "torch.complex64"),
        (torch.ones(7).to_sparse(), "a sparse tensor"),
        (torch.ones(7, device="meta"), "a shape without data"),
    ],
)
def test_tensors_that_cannot_be_weights_are_refused(value, message):
    model = tiny_model()
    error = refused(model, {**model.state_dict(), "classifier.bias": value})
    assert message in str(error)
    assert "'classifier.bias'" in str(error)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({}, "holds no tensors"),
        ({"model": {}}, "holds no tensors"),
        ({"model": [1]}, "holds a list under 'model'"),
        ({"classifier.bias": [1.0]}, "holds a list under 'classifier.bias'"),
        ({3: torch.ones(1)}, "under 3"),
    ],
)
def test_mappings_that_are_no_state_dicts_are_refused(source, message):
    assert message in str(refused(tiny_model(), source))


def test_a_mapping_that_holds_itself_ends():
    source: dict = {}
    source["model"] = source
    assert "under 'model'" in str(refused(tiny_model(), source))


def test_other_sources_are_a_type_error(unchecked):
    with pytest.raises(TypeError, match="a path or a mapping of names to tensors, got int"):
        load_weights(tiny_model(), 3)


def test_heads_that_differ_are_refused(tmp_path):
    save_weights(tiny_model(), tmp_path / "a.safetensors")
    error = refused(tiny_model(num_heads=(4, 2, 4, 6)), tmp_path / "a.safetensors")
    assert "made with num_heads=(3, 2, 4, 6), the model has (4, 2, 4, 6)" in str(error)


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


# ---------------------------------------------------------------- models from files


@pytest.mark.parametrize("classes", [10, 3, 0])
def test_released_file_of_a_known_size_is_recognised(tmp_path, classes):
    source = create_model("stvit_demo", num_classes=classes)
    torch.save({"model": released_state(source), "args": argparse.Namespace(a=1)}, tmp_path / "a.pth")
    model = model_from_file(tmp_path / "a.pth")
    assert model.config == source.config
    assert_same(model, source.state_dict())


def test_building_from_a_file_uses_no_random_numbers(tmp_path):
    save_weights(tiny_model(), tmp_path / "a.safetensors")
    before = torch.random.get_rng_state()
    model_from_file(tmp_path / "a.safetensors")
    assert torch.equal(torch.random.get_rng_state(), before)


def test_unpublished_size_without_config_is_refused(tmp_path):
    torch.save(tiny_model().state_dict(), tmp_path / "a.pth")
    with pytest.raises(WeightsError, match=r"no published size \(embed_dims \(12, 16, 24, 24\), depths"):
        model_from_file(tmp_path / "a.pth")


def test_file_without_a_model_is_refused(tmp_path):
    torch.save({"conv1.weight": torch.ones(3)}, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match=r"holds no STViT weights; its keys begin with 'conv1.weight'"):
        model_from_file(tmp_path / "a.pth")


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"config": "{"}, "metadata that make no sense"),
        ({"config": "[1]"}, "config is a list, expected an object"),
        ({"config": '{"colour": 1}'}, "Unknown settings colour"),
        ({"config": '{"depths": [100000, 100000, 100000, 100000]}'}, "states 400000 blocks but holds"),
        ({"config": '{"embed_dims": ["a", "b", "c", "d"]}'}, "a.safetensors"),
        ({"config": '{"projection_dim": 1.5}'}, "states settings that no model can have"),
        ({"config": '{"projection_dim": 1000000000000000000000000}'}, "states settings that no model can have"),
        ({"config": '{"mlp_ratio": Infinity}'}, "states settings that no model can have"),
        ({"class_names": "3"}, "class_names is no list of names"),
        ({"class_names": '["a"]'}, "lists 1 class names for 10 classes"),
    ],
)
def test_senseless_metadata_are_refused(tmp_path, metadata, message, unchecked):
    save_file(create_model("stvit_demo").state_dict(), tmp_path / "a.safetensors", metadata)
    with pytest.raises(WeightsError, match=message) as caught:
        model_from_file(tmp_path / "a.safetensors")
    assert "\n" not in str(caught.value)


def test_class_names_of_a_file_replace_the_models(tmp_path):
    source, model = tiny_model(), tiny_model()
    source.class_names = tuple("abcdefg")
    save_weights(source, tmp_path / "a.safetensors")
    report = load_weights(model, tmp_path / "a.safetensors")
    assert model.class_names == report.class_names == tuple("abcdefg")
    load_weights(model, source.state_dict())
    assert model.class_names == tuple("abcdefg")


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


def test_file_digest_is_sha256(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    assert file_digest(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


# ---------------------------------------------------------------- the Hugging Face hub


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
    with pytest.raises(RuntimeError, match=r"classifier.bias"):
        STViT.from_pretrained(tmp_path)
    STViT.from_pretrained(tmp_path, strict=False)


def test_directory_of_the_hub_format_gets_a_hint(tmp_path):
    tiny_model().save_pretrained(tmp_path)
    with pytest.raises(
        WeightsError, match=r"is a directory, expected a file of weights; load it with `STViT\.from_pre"
    ):
        load_weights(tiny_model(), tmp_path)


def test_missing_file_is_both_kinds_of_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"There is no file .*absent\.pth"):
        load_weights(tiny_model(), tmp_path / "absent.pth")
    with pytest.raises(WeightsNotFoundError, match=r"There is no file .*absent\.pth"):
        load_weights(tiny_model(), str(tmp_path / "absent.pth"))
