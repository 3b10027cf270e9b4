import json
from dataclasses import asdict

import pytest

from stvit import CONFIGS, STViTConfig, create_model
from stvit.config import get_config
from tests.support.tiny import CONFIG

PUBLISHED = {  # paper, table 1
    "stvit_small": ((64, 128, 320, 512), (3, 5, 9, 3), (1, 2, 5, 8)),
    "stvit_base": ((96, 192, 384, 512), (4, 6, 14, 6), (2, 3, 6, 8)),
    "stvit_large": ((96, 192, 448, 640), (4, 7, 19, 8), (2, 3, 7, 10)),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_sizes(name: str) -> None:
    config = CONFIGS[name]
    assert (config.embed_dims, config.depths, config.num_heads) == PUBLISHED[name]
    assert (config.cells, config.num_iters, config.projection_dim) == ((8, 4, 1, 1), (1, 1, 1, 1), 1024)
    scaled = (None, None, None, None) if name == "stvit_small" else (None, None, 1e-6, 1e-6)
    assert config.layer_scale_init == scaled
    assert config.detach_association


def test_the_default_is_the_small_model() -> None:
    assert STViTConfig() == CONFIGS["stvit_small"]


def test_json_and_back() -> None:
    assert STViTConfig.from_dict(json.loads(json.dumps(asdict(CONFIG)))) == CONFIG


@pytest.mark.usefixtures("unchecked")
def test_lists_become_tuples() -> None:
    config = STViTConfig(depths=[1, 1, 1, 1], cells=[[4, 8], 4, 1, 1])
    assert config == STViTConfig(depths=(1, 1, 1, 1), cells=((4, 8), 4, 1, 1))
    assert hash(config) == hash(STViTConfig(depths=(1, 1, 1, 1), cells=((4, 8), 4, 1, 1)))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"depths": (1, 2, 3)}, "depths needs one value for each of 4 stages, got 3"),
        ({"num_iters": 2}, "num_iters needs one value for each of 4 stages, got 2"),
        ({"cells": 8}, "cells needs one value for each of 4 stages, got 8"),
        ({"cells": (8, 0, 1, 1)}, "A cell needs one or two whole numbers of at least 1, got 0"),
        ({"cells": (8, (1, 2, 3), 1, 1)}, r"whole numbers of at least 1, got \(1, 2, 3\)"),
        ({"num_heads": (1, 3, 5, 8)}, "Stage 1 has 128 channels, which 3 heads do not divide; choose embed_dims that"),
        ({"num_heads": (0, 2, 5, 8)}, "Stage 0 has 64 channels, which 0 heads do not divide"),
        ({"depths": (1, 0, 1, 1)}, r"depths must be at least 1, .* got depths \(1, 0, 1, 1\)"),
        ({"num_iters": (1, -1, 1, 1)}, r"num_iters and num_classes at least 0, got .* num_iters \(1, -1, 1, 1\)"),
        ({"num_classes": -1}, "num_classes -1"),
        ({"dropout": 1.0}, "dropout must be at least 0 and below 1, got 1.0"),
        ({"attention_dropout": -0.1}, "attention_dropout must be at least 0 and below 1, got -0.1"),
        ({"drop_path_rate": 1.5}, "drop_path_rate must be at least 0 and below 1, got 1.5"),
        ({"mlp_ratio": 0.0}, "mlp_ratio must be above 0, .* got mlp_ratio 0"),
        ({"projection_dim": 0}, "projection_dim 0"),
        ({"in_channels": 0}, "in_channels 0"),
        (
            {"embed_dims": (1, 2, 5, 8), "num_heads": (1, 1, 1, 1)},
            r"embed_dims at least 2, got .* embed_dims \(1, 2, 5, 8\)",
        ),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_bad_settings_are_named(settings: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        STViTConfig(**settings)


def test_an_unknown_setting_is_named_with_the_known_ones() -> None:
    words = "Unknown settings heads; known are attention_dropout, cells, depths"
    for build in (lambda: STViTConfig.from_dict({"heads": 3}), lambda: create_model("stvit_demo", heads=3)):
        with pytest.raises(ValueError, match=words):
            build()


def test_an_unknown_variant_is_named_with_the_known_ones() -> None:
    with pytest.raises(KeyError, match="no variant 'vit'; known are stvit_small, stvit_base, stvit_large, stvit_demo"):
        get_config("vit")


def test_overrides_leave_the_rest() -> None:
    config = get_config("stvit_base", num_classes=3)
    assert config.num_classes == 3
    assert get_config("stvit_base", num_classes=1000) == CONFIGS["stvit_base"]
    assert CONFIGS["stvit_base"].num_classes == 1000
