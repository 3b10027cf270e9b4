"""The values that each setting of an STViT may have: types, least and greatest values.

Settings also come from files, and some are not visible in any tensor, so a file of a few kilobytes could demand hours
or gigabytes: iterations, cells, and windows, whose attention has window^4 weights. Settings within these bounds give a
model that runs.
"""

from typing import Any

from stvit.foreign_text import plain
from stvit.grid import as_cell

WHOLE: dict[str, tuple[int, int]] = {
    "num_classes": (0, 100_000),
    "embed_dims": (2, 4096),
    "depths": (1, 64),
    "num_heads": (1, 256),
    "num_iters": (0, 32),
    "projection_dim": (1, 16_384),
    "in_channels": (1, 64),
    "window": (1, 32),
}
"""Least and greatest value of each setting that is a whole number."""

FRACTIONS: dict[str, tuple[float, float]] = {
    "mlp_ratio": (0.0, 16.0),
    "dropout": (0.0, 0.99),
    "attention_dropout": (0.0, 0.99),
    "drop_path_rate": (0.0, 0.99),
    "layer_scale_init": (-1.0, 1.0),
}
"""Least and greatest value of each setting that may be a fraction."""

FLAGS = ("qkv_bias", "detach_association", "gradient_checkpointing", "relative_position_bias")
"""Settings that are true or false."""

MAX_CELL = 64
"""Greatest side of a cell in tokens: a grid is padded to a multiple of it."""

MAX_PARAMETERS = 1_000_000_000
"""Greatest size of a model, ten times that of STViT-L: 4 GB."""


def check(name: str, value: Any) -> None:
    """Check the value of a setting, or that of one stage.

    Raises:
        ValueError: If it has the wrong type or is out of bounds.
    """
    if name in WHOLE and not (type(value) is int and _within(value, WHOLE[name])):  # True is an int too
        raise _refusal(name, "a whole number", WHOLE[name], value)
    none = value is None and name == "layer_scale_init"
    if name in FRACTIONS and not none and not (type(value) in (int, float) and _within(value, FRACTIONS[name])):
        raise _refusal(name, "a number", FRACTIONS[name], value)
    if name in FLAGS and not isinstance(value, bool):
        raise ValueError(f"{name} must be true or false, got {plain(repr(value))}.")
    if name == "cells" and max(as_cell(value)) > MAX_CELL:
        raise ValueError(f"cells must be at most {MAX_CELL} tokens a side, got {plain(repr(value))}.")


def check_parameters(number: float) -> None:
    """Refuse a model that is too large.

    Raises:
        ValueError: If there are more than `MAX_PARAMETERS`.
    """
    if number > MAX_PARAMETERS:
        raise ValueError(
            f"These settings make a model of {number / 1e9:.1f} billion parameters; at most "
            f"{MAX_PARAMETERS / 1e9:g} billion are supported."
        )


def _within(value: float, bounds: tuple[float, float]) -> bool:
    return bounds[0] <= value <= bounds[1]  # false for NaN


def _refusal(name: str, kind: str, bounds: tuple[float, float], value: Any) -> ValueError:
    return ValueError(f"{name} must be {kind} from {bounds[0]:g} to {bounds[1]:g}, got {plain(repr(value))}.")
