from dataclasses import replace

import pytest
import torch

from stvit import CONFIGS, STViT, STViTConfig, create_model
from stvit.attention import SuperTokenAttention
from stvit.config import MIXERS
from stvit.mixers import LocalConvolution, WindowAttention
from stvit.variants import TWINS
from tests.support.tolerances import NETWORK, assert_close
from tests.support.window_loops import dense_window_attention

TYPES = (torch.float32, torch.float64)


def window_attention(window=3, shift=1, dtype=torch.float64, bias=True):
    mixer = WindowAttention(8, 2, window, shift, relative_position_bias=bias).to(dtype).eval()
    if bias:
        torch.nn.init.normal_(mixer.bias_table)
    return mixer


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    ("size", "window", "shift"),
    [
        ((6, 9), 3, 0),
        ((6, 9), 3, 1),
        ((8, 7), 4, 2),  # padded along one axis
        ((7, 5), 3, 1),  # padded along both
        ((3, 8), 4, 2),  # one axis fits into a window, so it is not shifted
        ((4, 4), 4, 2),
        ((2, 3), 7, 3),  # everything fits
        ((5, 4), 1, 0),
    ],
)
def test_windowed_attention_is_a_dense_softmax_that_is_masked(size, window, shift, bias, dtype):
    mixer = window_attention(window, shift, dtype, bias)
    tokens = torch.randn(2, 8, *size, dtype=dtype)
    with torch.no_grad():
        assert_close(mixer(tokens), dense_window_attention(mixer, tokens), NETWORK)


def test_tokens_see_their_window_and_nothing_else():
    mixer = window_attention(3, 1)
    tokens = torch.randn(1, 8, 7, 7, dtype=torch.float64)
    changed = tokens.clone()
    changed[..., 3, 3] += 1
    moved = (mixer(changed) - mixer(tokens)).abs().amax((0, 1)) > 0
    expected = torch.zeros(7, 7, dtype=torch.bool)
    expected[1:4, 1:4] = True  # windows begin at 1
    assert torch.equal(moved, expected)


def test_the_convolution_is_a_loop_over_the_offsets():
    mixer = LocalConvolution(6).double().eval()
    tokens = torch.randn(2, 6, 7, 5, dtype=torch.float64)
    value = mixer.value(tokens)
    expected = mixer.aggregate.bias.view(1, 6, 1, 1).expand_as(value).clone()
    for row in range(7):
        for column in range(5):
            for down in range(-2, 3):
                for right in range(-2, 3):
                    if 0 <= row + down < 7 and 0 <= column + right < 5:
                        weight = mixer.aggregate.weight[:, 0, down + 2, right + 2]
                        expected[:, :, row, column] += weight * value[:, :, row + down, column + right]
    with torch.no_grad():
        assert_close(mixer(tokens), mixer.proj(expected), NETWORK)


@pytest.mark.parametrize("make", [lambda: window_attention(2, 1), lambda: LocalConvolution(8).double()])
def test_gradients_of_the_mixers_are_right(make):
    mixer = make()
    tokens = torch.randn(1, 8, 3, 5, dtype=torch.float64, requires_grad=True)
    names, values = zip(*mixer.named_parameters(), strict=True)

    def run(pixels, *parameters):
        return torch.func.functional_call(mixer, dict(zip(names, parameters, strict=True)), (pixels,))

    assert torch.autograd.gradcheck(run, (tokens, *values))


def test_the_mixer_of_each_stage_is_the_one_asked_for():
    config = STViTConfig(embed_dims=(8, 8, 8, 8), num_heads=(2, 2, 2, 2), depths=(1, 1, 3, 1), mixers=MIXERS, window=4)
    model = STViT(config)
    kinds = [type(stage.blocks[0].attention) for stage in model.stages]
    assert kinds == [SuperTokenAttention, SuperTokenAttention, WindowAttention, LocalConvolution]
    assert [block.attention.shift for block in model.stages[2].blocks] == [0, 2, 0]
    assert config.cells == (8, 1, 1, 1)  # no super tokens where nothing mixes by them
    assert STViTConfig.from_dict({"mixers": list(MIXERS), "cells": [8, 4, 1, 1]}).cells == (8, 1, 1, 1)


def test_global_mixing_is_that_of_cell_one():
    plain = create_model("twin_super", seed=0, cells=(1, 1, 1, 1)).eval()
    named = create_model("twin_global", seed=0).eval()
    pixels = torch.randn(1, 3, 64, 64)
    assert torch.equal(plain(pixels), named(pixels))


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("twin_super", 2298906), ("twin_global", 2298906), ("twin_window", 2299920), ("twin_conv", 2283034)],
)
def test_the_twins_differ_in_the_mixers_of_two_stages_only(name, parameters):
    model = create_model(name)
    assert sum(parameter.numel() for parameter in model.parameters()) == parameters
    own, first = model.config, CONFIGS["twin_super"]
    same = {"mixers": first.mixers, "cells": first.cells, "relative_position_bias": False}
    assert replace(own, **same) == first
    shared = {
        key: value.shape for key, value in model.state_dict().items() if ".attention." not in key or "s.2." in key
    }
    assert all(create_model("twin_super").state_dict()[key].shape == shape for key, shape in shared.items())
    assert name in TWINS


@pytest.mark.parametrize("name", TWINS)
def test_the_twins_run_on_sizes_that_nothing_divides(name):
    model = create_model(name, seed=0).eval()
    assert model(torch.randn(1, 3, 100, 132)).isfinite().all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"mixers": ("super", "local", "super", "super")},
            "A stage is mixed by super, global, window, conv, got 'local'",
        ),
        ({"mixers": ("super",)}, "mixers needs one value for each of 4 stages, got 1"),
        ({"window": 0}, "window must be a whole number from 1 to 32, got 0"),
        ({"window": 7.0}, "window must be a whole number from 1 to 32, got 7.0"),
        ({"window": 100000}, "window must be a whole number from 1 to 32, got 100000"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_settings_that_make_no_mixer_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        STViTConfig(**changes)


def test_a_bias_that_is_not_there_is_named():
    offset = torch.zeros(1, 1, dtype=torch.int64)
    with pytest.raises(ValueError, match="This block has no relative position bias"):
        window_attention(bias=False).relative_bias(offset, offset)
