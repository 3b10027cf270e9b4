import argparse

import pytest
import torch
from safetensors.torch import save_file

from stvit import STViT, create_model, load_weights
from stvit.weights import WeightsError, WeightsNotFoundError, save_weights
from stvit.weights.released_keys import released_key, translate_key
from tests.support.loading import SIZES, assert_same, meta_model, refused, snapshot
from tests.support.released_state import recorded_shapes, released_name, released_state
from tests.support.tiny import CONFIG, tiny_model, tiny_pixels

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
        ({3: torch.ones(1)}, "under '3'"),
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


def test_missing_file_is_both_kinds_of_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"There is no file .*absent\.pth"):
        load_weights(tiny_model(), tmp_path / "absent.pth")
    with pytest.raises(WeightsNotFoundError, match=r"There is no file .*absent\.pth"):
        load_weights(tiny_model(), str(tmp_path / "absent.pth"))
