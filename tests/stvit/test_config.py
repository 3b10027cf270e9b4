import json
import operator
from dataclasses import asdict

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stvit import CONFIGS, STViT, STViTConfig, capture, create_model
from stvit.variants import get_config
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
        ({"num_heads": (0, 2, 5, 8)}, "num_heads must be a whole number from 1 to 256, got 0"),
        ({"depths": (1, 0, 1, 1)}, "depths must be a whole number from 1 to 64, got 0"),
        ({"depths": (1, 2.0, 1, 1)}, "depths must be a whole number from 1 to 64, got 2.0"),
        ({"depths": (1, True, 1, 1)}, "depths must be a whole number from 1 to 64, got True"),
        ({"depths": (1, None, 1, 1)}, "depths must be a whole number from 1 to 64, got None"),
        ({"num_iters": (1, -1, 1, 1)}, "num_iters must be a whole number from 0 to 32, got -1"),
        ({"num_iters": (1_000_000_000, 1, 1, 1)}, "num_iters must be a whole number from 0 to 32, got 1000000000"),
        ({"cells": (8192, 4, 1, 1)}, "cells must be at most 64 tokens a side, got 8192"),
        ({"cells": (8, (4, 8192), 1, 1)}, r"cells must be at most 64 tokens a side, got \(4, 8192\)"),
        ({"cells": (8, True, 1, 1)}, "whole numbers of at least 1, got True"),
        ({"num_classes": -1}, "num_classes must be a whole number from 0 to 100000, got -1"),
        ({"num_classes": 10**9}, "num_classes must be a whole number from 0 to 100000, got 1000000000"),
        ({"dropout": 1.0}, "dropout must be a number from 0 to 0.99, got 1.0"),
        ({"attention_dropout": -0.1}, "attention_dropout must be a number from 0 to 0.99, got -0.1"),
        ({"drop_path_rate": 1.5}, "drop_path_rate must be a number from 0 to 0.99, got 1.5"),
        ({"drop_path_rate": float("nan")}, "drop_path_rate must be a number from 0 to 0.99, got nan"),
        ({"mlp_ratio": 0.0}, "mlp_ratio must leave a hidden channel in each stage, got 0"),
        ({"mlp_ratio": 1e-3}, "mlp_ratio must leave a hidden channel in each stage, got 0.001"),
        ({"mlp_ratio": float("inf")}, "mlp_ratio must be a number from 0 to 16, got inf"),
        ({"mlp_ratio": 10**400}, "mlp_ratio must be a number from 0 to 16, got 1000"),
        ({"mlp_ratio": "4"}, "mlp_ratio must be a number from 0 to 16, got '4'"),
        ({"layer_scale_init": (None, None, 1e9, 1)}, "layer_scale_init must be a number from -1 to 1, got 10000000"),
        ({"qkv_bias": "no"}, "qkv_bias must be true or false, got 'no'"),
        ({"projection_dim": 0}, "projection_dim must be a whole number from 1 to 16384, got 0"),
        ({"in_channels": 0}, "in_channels must be a whole number from 1 to 64, got 0"),
        ({"window": 64}, "window must be a whole number from 1 to 32, got 64"),
        (
            {"embed_dims": (1, 2, 5, 8), "num_heads": (1, 1, 1, 1)},
            "embed_dims must be a whole number from 2 to 4096, got 1",
        ),
        (
            {"embed_dims": (4096,) * 4, "num_heads": (8,) * 4, "depths": (9,) * 4},
            "a model of 7.7 billion parameters; at most 1 billion are supported",
        ),
        ({"embed_dims": (64, 128, 320, "x" * 5000)}, "got 'xxxx.*xx'"),
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
    with pytest.raises(KeyError, match="no variant 'vit'; known are stvit_demo, stvit_small, stvit_base, stvit_large"):
        get_config("vit")


def test_overrides_leave_the_rest() -> None:
    config = get_config("stvit_base", num_classes=3)
    assert config.num_classes == 3
    assert get_config("stvit_base", num_classes=1000) == CONFIGS["stvit_base"]
    assert CONFIGS["stvit_base"].num_classes == 1000


# ---------------------------------------------------------------- what is accepted runs


def per_stage(values: st.SearchStrategy) -> st.SearchStrategy:
    return st.tuples(values, values, values, values)


SETTINGS = st.fixed_dictionaries(
    {
        "num_heads": per_stage(st.integers(1, 3)),
        "depths": per_stage(st.integers(1, 2)),
        "cells": per_stage(st.integers(1, 64) | st.tuples(st.integers(1, 64), st.integers(1, 64))),
        "num_iters": per_stage(st.sampled_from([0, 1, 3, 32])),
        "mixers": per_stage(st.sampled_from(["super", "super", "global", "window", "conv"])),
        "window": st.integers(1, 32),
        "relative_position_bias": st.booleans(),
        "projection_dim": st.integers(1, 16),
        "num_classes": st.integers(0, 5),
        "mlp_ratio": st.floats(0.5, 4),
        "layer_scale_init": per_stage(st.none() | st.floats(-1, 1)),
        "in_channels": st.sampled_from([1, 3, 64]),
        "qkv_bias": st.booleans(),
    }
)
"""Settings anywhere within the bounds but for the widths, which only cost time."""


@settings(max_examples=10, deadline=None, derandomize=True)
@given(SETTINGS, per_stage(st.integers(2, 8)))
def test_every_config_that_is_accepted_can_be_captured(values: dict, head_dims: tuple[int, ...]) -> None:
    config = STViTConfig(**values, embed_dims=tuple(map(operator.mul, values["num_heads"], head_dims)))
    assert STViTConfig.from_dict(json.loads(json.dumps(asdict(config)))) == config
    model, pixels = STViT(config).eval(), torch.rand(1, config.in_channels, 64, 64)
    logits = model(pixels)
    assert logits.shape == (1, config.num_classes or config.projection_dim)
    assert logits.isfinite().all()
    if blocks := [block for block in model.blocks() if config.mixers[block.stage] in ("super", "global")]:
        assert all(record.output.isfinite().all() for record in capture(model, pixels, blocks=blocks).values())


@pytest.mark.parametrize(
    "changes",
    [{"cells": (64, 64, 64, 64)}, {"num_iters": (32,) * 4}, {"mixers": ("window",) * 4, "window": 32}],
    ids=["cells", "iterations", "windows"],
)
def test_the_greatest_settings_run(changes: dict[str, object]) -> None:
    config = STViTConfig(**{**vars(CONFIG), **changes})
    assert STViT(config).eval()(torch.rand(1, 3, 64, 64)).isfinite().all()
