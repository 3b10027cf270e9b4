"""What tests of loading share: models that take no memory, and the proof that a refused load changed nothing."""

import pytest
import torch

from stvit import STViT, create_model, load_weights
from stvit.weights import WeightsError

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
