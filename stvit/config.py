"""The settings of an STViT as data."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from stvit import config_bounds as bounds
from stvit.error_text import listed
from stvit.foreign_text import plain

STAGES = 4
MIXERS = ("super", "global", "window", "conv")
"""What can mix the tokens of a stage: see `STViTConfig.mixers`."""

_PER_STAGE = ("embed_dims", "depths", "num_heads", "cells", "num_iters", "layer_scale_init", "mixers")


@dataclass(frozen=True)
class STViTConfig:
    """Settings of an STViT; the defaults are STViT-S of the paper (table 1).

    Attributes:
        num_classes: Classes of the head; 0 leaves the head out and the model returns pooled features.
        embed_dims: Channels of each stage.
        depths: Blocks of each stage.
        num_heads: Attention heads of each stage.
        cells: Tokens per super token and axis of each stage, one number or (height, width); 1 is plain
            global attention; stages without super tokens have 1, whatever was given.
        num_iters: Iterations of the super token sampling of each stage.
        projection_dim: Channels of the 1 x 1 convolution before pooling.
        layer_scale_init: Initial LayerScale of each stage, None for none.
        mlp_ratio: Hidden channels of the ConvFFN over its channels.
        qkv_bias: Whether the joint projection has a bias.
        in_channels: Channels of the image.
        dropout: Dropout after the stem, in the ConvFFN and after attention projections.
        attention_dropout: Dropout on A(S).
        drop_path_rate: Stochastic depth of the last block; it grows linearly from 0 at the first.
        detach_association: No gradient through the association, as in the released model.
        gradient_checkpointing: Compute blocks again in the backward pass to save memory.
        mixers: What mixes the tokens of each stage: "super" (attention through super tokens, the paper's), "global"
            (plain attention of all tokens), "window" (attention inside windows, shifted by half a window in every
            second block, as in Swin) or "conv" (1 x 1, depthwise 5 x 5 and 1 x 1 convolution, as in UniFormer).
        window: Side of the windows in tokens, where the mixer is "window".
        relative_position_bias: Whether windowed attention learns a bias for each offset of query and key.
    """

    num_classes: int = 1000
    embed_dims: tuple[int, ...] = (64, 128, 320, 512)
    depths: tuple[int, ...] = (3, 5, 9, 3)
    num_heads: tuple[int, ...] = (1, 2, 5, 8)
    cells: tuple[int | tuple[int, int], ...] = (8, 4, 1, 1)
    num_iters: tuple[int, ...] = (1, 1, 1, 1)
    projection_dim: int = 1024
    layer_scale_init: tuple[float | None, ...] = (None, None, None, None)
    mlp_ratio: float = 4.0
    qkv_bias: bool = True
    in_channels: int = 3
    dropout: float = 0.0
    attention_dropout: float = 0.0
    drop_path_rate: float = 0.0
    detach_association: bool = True
    gradient_checkpointing: bool = False
    mixers: tuple[str, ...] = ("super", "super", "super", "super")
    window: int = 7
    relative_position_bias: bool = False

    def __post_init__(self) -> None:
        """Turn lists (from JSON) into tuples and check that the settings make a model that runs.

        Raises:
            ValueError: If a setting has the wrong type, is out of bounds, or does not fit the others.
        """
        for name in _PER_STAGE:
            object.__setattr__(self, name, _stage_values(name, getattr(self, name)))
        self._check_kinds()
        self._check_mixers()
        self._check_stages()
        self._check_size()

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "STViTConfig":
        """Build a config from plain values, such as JSON.

        Raises:
            ValueError: If a name is unknown; the message lists the known ones.

        Example:
            >>> STViTConfig.from_dict({"num_classes": 7}) == STViTConfig(num_classes=7)
            True
        """
        check_settings(values)
        return cls(**{name: _tuples(value) for name, value in values.items()})

    @property
    def super_token_stages(self) -> tuple[int, ...]:
        """The stages, from 0, whose tokens attend through super tokens.

        Example:
            >>> STViTConfig().super_token_stages
            (0, 1)
        """
        return tuple(stage for stage, cell in enumerate(self.cells) if cell not in (1, (1, 1)))

    def _check_kinds(self) -> None:
        for name in (field.name for field in fields(self)):
            value = getattr(self, name)
            for part in value if name in _PER_STAGE else (value,):
                bounds.check(name, part)

    def _check_mixers(self) -> None:
        unknown = [mixer for mixer in self.mixers if mixer not in MIXERS]
        if unknown:
            raise ValueError(f"A stage is mixed by {', '.join(MIXERS)}, got {plain(repr(unknown[0]))} in mixers.")
        cells = zip(self.cells, self.mixers, strict=True)
        object.__setattr__(self, "cells", tuple(cell if mixer == "super" else 1 for cell, mixer in cells))

    def _check_stages(self) -> None:
        for stage, (channels, heads) in enumerate(zip(self.embed_dims, self.num_heads, strict=True)):
            if channels % heads:
                raise ValueError(
                    f"Stage {stage} has {channels} channels, which {heads} heads do not divide; choose "
                    "embed_dims that are multiples of num_heads."
                )
        if int(min(self.embed_dims) * self.mlp_ratio) < 1:
            raise ValueError(f"mlp_ratio must leave a hidden channel in each stage, got {self.mlp_ratio:g}.")

    def _check_size(self) -> None:
        parameters = sum(
            depth * channels**2 * (4 + 2 * self.mlp_ratio)
            for depth, channels in zip(self.depths, self.embed_dims, strict=True)
        )
        parameters += 9 * sum(a * b for a, b in zip(self.embed_dims, self.embed_dims[1:], strict=False))
        parameters += self.projection_dim * (self.embed_dims[-1] + self.num_classes)
        bounds.check_parameters(parameters)


def _stage_values(name: str, values: Any) -> tuple[Any, ...]:
    """Return the values of a setting by stage as tuples."""
    if not isinstance(values, list | tuple):
        raise ValueError(f"{name} needs one value for each of {STAGES} stages, got {plain(repr(values))}.")
    if len(values) != STAGES:
        raise ValueError(f"{name} needs one value for each of {STAGES} stages, got {len(values)}.")
    return _tuples(values)


def _tuples(value: Any) -> Any:
    """Turn lists into tuples at every depth, because JSON has no tuples."""
    return tuple(_tuples(part) for part in value) if isinstance(value, list | tuple) else value


def check_settings(names: Iterable[str]) -> None:
    """Refuse settings that an STViT does not have.

    Raises:
        ValueError: If a name is unknown; the message lists the known ones.
    """
    known = {field.name for field in fields(STViTConfig)}
    unknown = sorted(set(names) - known)
    if unknown:
        raise ValueError(f"Unknown settings {listed(unknown)}; known are {', '.join(sorted(known))}.")
