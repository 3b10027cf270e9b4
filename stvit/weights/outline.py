"""Which published size a state dict belongs to, read from the shapes of its tensors."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from torch import Tensor

from stvit.config import STAGES, STViTConfig
from stvit.variants import CONFIGS, TWINS

_BLOCK = re.compile(r"stages\.(\d)\.blocks\.(\d{1,4})\.")


class Outline(NamedTuple):
    """What distinguishes the sizes and is visible in the shapes; heads and cells are not.

    Attributes:
        embed_dims: Channels of each stage.
        depths: Blocks of each stage.
        projection_dim: Channels before pooling.
        scaled: Whether each stage has LayerScale.
    """

    embed_dims: tuple[int, ...]
    depths: tuple[int, ...]
    projection_dim: int
    scaled: tuple[bool, ...]

    @property
    def variant(self) -> str | None:
        """The known variant with this outline, else None; twins, whose outlines are alike, are never one."""
        known = ((name, config) for name, config in CONFIGS.items() if name not in TWINS)
        return next((name for name, config in known if outline_of_config(config) == self), None)


def outline_of_config(config: STViTConfig) -> Outline:
    """Return the outline of a model with these settings."""
    scaled = tuple(init is not None for init in config.layer_scale_init)
    return Outline(config.embed_dims, config.depths, config.projection_dim, scaled)


def outline_of_state(state: Mapping[str, Tensor]) -> Outline | None:
    """Return the outline of a state dict under our key names, or None if it does not show one."""
    numbered = [(int(match[1]), int(match[2])) for match in map(_BLOCK.match, state) if match]
    norms = [state.get(f"stages.{stage}.blocks.0.attention_norm.weight") for stage in range(STAGES)]
    projection = state.get("projection.0.weight")
    dims = tuple(norm.shape[0] for norm in norms if norm is not None and norm.ndim)
    if len(dims) < STAGES or projection is None or not projection.ndim:
        return None
    return Outline(
        dims,
        tuple(1 + max(block for at, block in numbered if at == stage) for stage in range(STAGES)),
        projection.shape[0],
        tuple(f"stages.{stage}.blocks.0.attention_scale.gamma" in state for stage in range(STAGES)),
    )


def classes_of_state(state: Mapping[str, Tensor]) -> int:
    """Return the number of classes of a state dict under our key names; 0 if it has no classifier."""
    weight = state.get("classifier.weight")
    return weight.shape[0] if weight is not None and weight.ndim else 0
