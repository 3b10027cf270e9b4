import argparse
import json

import pytest
import torch
from safetensors.torch import save_file

from stvit import create_model, load_weights
from stvit.weights import (
    WeightsError,
    model_from_file,
    save_weights,
)
from tests.support.loading import assert_same
from tests.support.released_state import released_state
from tests.support.tiny import tiny_model


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
        (
            {"config": '{"depths": [100000, 100000, 100000, 100000]}'},
            "depths must be a whole number from 1 to 64, got 100000",
        ),
        ({"config": '{"depths": [64, 64, 64, 64]}'}, "states 256 blocks but holds"),
        ({"config": '{"embed_dims": ["a", "b", "c", "d"]}'}, "embed_dims must be a whole number .* got 'a'"),
        ({"config": '{"projection_dim": 1.5}'}, "projection_dim must be a whole number from 1 to 16384, got 1.5"),
        (
            {"config": '{"projection_dim": 1000000000000000000000000}'},
            "projection_dim must be a whole number from",
        ),
        ({"config": '{"num_iters": [1000000000, 1, 1, 1]}'}, "num_iters must be a whole number from 0 to 32"),
        ({"config": '{"cells": [8192, 4, 1, 1]}'}, "cells must be at most 64 tokens a side, got 8192"),
        ({"config": '{"depths": [true, 2, 4, 2]}'}, "depths must be a whole number from 1 to 64, got True"),
        ({"config": "[" * 60000}, "config is nested too deeply|config is not valid JSON"),
        ({"config": " " * 70000 + "{}"}, "config has 70,002 characters, at most 65,536 are read"),
        ({"config": '{"\x1b[31m": 1}'}, "metadata that make no sense"),
        ({"config": '{"mlp_ratio": Infinity}'}, "Infinity is not a number in JSON"),
        ({"class_names": "3"}, "class_names is not a list of names"),
        ({"class_names": '["a"]'}, "lists 1 class name for 10 classes"),
        ({"class_names": '["a", 3]'}, "class_names is not a list of names: name 1 is a int"),
        ({"class_names": '["\\u001b[31mred"]'}, r"name 0 holds characters that cannot be shown: '\\x1b\[31mred'"),
        ({"class_names": '["\\ud800"]'}, r"name 0 holds characters that cannot be shown: '\\ud800'"),
        ({"class_names": '["\\u202egnp"]'}, "class name 0 holds characters that cannot be shown"),
        ({"class_names": '[" "]'}, "class name 0 has 0 characters, expected 1 to 200"),
        ({"class_names": json.dumps(["x" * 5000])}, "class name 0 has 5,000 characters, expected 1 to 200"),
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
