"""The models known by name, as data: the published sizes, the small demo model of this project, and the twins."""

from dataclasses import dataclass, replace
from typing import Any

from stvit.config import STViTConfig, check_settings

_SCALED = (None, None, 1e-6, 1e-6)

_TWIN = STViTConfig(
    num_classes=10, embed_dims=(32, 64, 128, 192), depths=(2, 2, 4, 2), num_heads=(1, 2, 4, 6), projection_dim=512
)


@dataclass(frozen=True)
class ModelVariant:
    """A model known by name.

    Attributes:
        name: Its name in code, commands and addresses.
        title: Its name for people.
        sentence: Its description for people.
        config: Its settings.
    """

    name: str
    title: str
    sentence: str
    config: STViTConfig


VARIANTS: dict[str, ModelVariant] = {
    variant.name: variant
    for variant in (
        ModelVariant(
            "stvit_demo",
            "STViT demo",
            "A small STViT for the app and the tests, with ten classes.",
            STViTConfig(
                num_classes=10,
                embed_dims=(48, 96, 160, 256),
                depths=(2, 2, 4, 2),
                num_heads=(2, 4, 5, 8),
                projection_dim=512,
            ),
        ),
        ModelVariant("stvit_small", "STViT-S", "The small size of the paper (table 1).", STViTConfig()),
        ModelVariant(
            "stvit_base",
            "STViT-B",
            "The base size of the paper.",
            STViTConfig(
                embed_dims=(96, 192, 384, 512), depths=(4, 6, 14, 6), num_heads=(2, 3, 6, 8), layer_scale_init=_SCALED
            ),
        ),
        ModelVariant(
            "stvit_large",
            "STViT-L",
            "The large size of the paper.",
            STViTConfig(
                embed_dims=(96, 192, 448, 640),
                depths=(4, 7, 19, 8),
                num_heads=(2, 3, 7, 10),
                layer_scale_init=_SCALED,
            ),
        ),
        ModelVariant("twin_super", "Twin super", "The twin with super tokens in stages 1 and 2.", _TWIN),
        ModelVariant(
            "twin_global",
            "Twin global",
            "The twin with global attention in stages 1 and 2.",
            replace(_TWIN, mixers=("global", "global", "super", "super")),
        ),
        ModelVariant(
            "twin_window",
            "Twin window",
            "The twin with attention in shifted windows in stages 1 and 2, as in Swin.",
            replace(_TWIN, mixers=("window", "window", "super", "super"), relative_position_bias=True),
        ),
        ModelVariant(
            "twin_conv",
            "Twin conv",
            "The twin with depthwise convolutions in stages 1 and 2.",
            replace(_TWIN, mixers=("conv", "conv", "super", "super")),
        ),
    )
}
"""All models by name, in the order in which they are listed to people.

The twins are one small network whose stages 1 and 2 mix tokens in four ways; stages 3 and 4 are global in all of them.
"""

TWINS = tuple(name for name in VARIANTS if name.startswith("twin_"))

CONFIGS: dict[str, STViTConfig] = {name: variant.config for name, variant in VARIANTS.items()}
"""The settings of each by name."""


def twin_name(config: STViTConfig) -> str | None:
    """Return which twin has these settings, whatever its classes, else None."""
    return next((name for name in TWINS if replace(CONFIGS[name], num_classes=config.num_classes) == config), None)


def get_config(name: str, **overrides: Any) -> STViTConfig:
    """Return a config by name, with some settings replaced.

    Raises:
        KeyError: If there is no such variant; the message lists the known ones.
        ValueError: If a setting is unknown or its value gives no valid model.

    Example:
        >>> get_config("stvit_small", num_classes=7).num_classes
        7
    """
    if name not in CONFIGS:
        raise KeyError(f"There is no variant {name!r}; known are {', '.join(CONFIGS)}.")
    check_settings(overrides)
    return replace(CONFIGS[name], **overrides)
