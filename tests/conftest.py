from collections.abc import Iterator

import jaxtyping
import pytest
import torch
from tiny import tiny_model, tiny_pixels
from torch import Tensor

from stvit import STViT


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


@pytest.fixture
def unchecked() -> Iterator[None]:
    """Switch the run-time shape checks off, as they are for users, so that our own messages show."""
    before = jaxtyping.config.jaxtyping_disable
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", before)


@pytest.fixture
def model() -> STViT:
    """A small model with random weights, in evaluation mode."""
    return tiny_model()


@pytest.fixture
def pixels() -> Tensor:
    """Two images for it, on token grids that need padding."""
    return tiny_pixels()
