"""The names of ImageNet-1k: complete, unique, and given to released checkpoints only."""

import torch

from stvit import create_model
from stvit.weights.imagenet import imagenet_class_names
from stvit.weights.load import model_from_file
from tests.support.released_state import released_state


def test_known_names_stand_at_their_places():
    names = imagenet_class_names()
    assert len(names) == len(set(names)) == 1000
    places = {0: "tench", 217: "English springer", 482: "cassette player", 491: "chain saw", 497: "church"}
    places |= {566: "French horn", 569: "garbage truck", 571: "gas pump", 574: "golf ball", 701: "parachute"}
    assert {place: names[place] for place in places} == places
    assert names[999] == "toilet tissue"


def test_a_released_checkpoint_gets_them(tmp_path):
    torch.save({"model": released_state(create_model("stvit_small"))}, tmp_path / "small.pth")
    assert model_from_file(tmp_path / "small.pth").class_names == imagenet_class_names()


def test_a_released_checkpoint_of_other_classes_does_not(tmp_path):
    torch.save({"model": released_state(create_model("stvit_small", num_classes=10))}, tmp_path / "small.pth")
    assert model_from_file(tmp_path / "small.pth").class_names is None
